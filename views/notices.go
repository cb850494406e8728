package views

import (
	"strconv"
	"strings"

	"twostep/auth"
)

// A Notice names a confirmation that the next page shows once. It is stored in
// the cookie, so an unknown value must be harmless: it has no text.
type Notice string

// The notices.
const (
	NoticeInvitationEnded    Notice = "invitation_ended"
	NoticeSignInFirst        Notice = "sign_in_first"
	NoticeCodeSent           Notice = "code_sent"
	NoticeTOTPRemoved        Notice = "totp_removed"
	NoticePasskeyAdded       Notice = "passkey_added"
	NoticePasskeyRenamed     Notice = "passkey_renamed"
	NoticePasskeyRemoved     Notice = "passkey_removed"
	NoticePhoneReleased      Notice = "phone_released"
	NoticePhoneRemoved       Notice = "phone_removed"
	NoticeDefaultChanged     Notice = "default_changed"
	NoticeBackupCodesSaved   Notice = "codes_saved"
	NoticePasswordReset      Notice = "password_reset"
	NoticeNameChanged        Notice = "name_changed"
	NoticePasswordChanged    Notice = "password_changed"
	NoticeEmailVerified      Notice = "email_verified"
	NoticeEmailChangeStopped Notice = "email_change_stopped"
	NoticeEmailRemoved       Notice = "email_removed"
	NoticeDeviceForgotten    Notice = "device_forgotten"
	NoticeAppDisconnected    Notice = "app_disconnected"
	NoticeActDone            Notice = "act_done"
	NoticeNothingToDo        Notice = "nothing_to_do"
	NoticeSettingsSaved      Notice = "settings_saved"
	NoticeSessionEnded       Notice = "session_ended"
	NoticeSessionsEnded      Notice = "sessions_ended"
	NoticeAccountDeleted     Notice = "account_deleted"
	NoticeTimedOut           Notice = "timed_out"
	NoticeFormExpired        Notice = "form_expired"
	NoticeSignedOut          Notice = "signed_out"
	NoticeSignedUp           Notice = "signed_up"
	NoticeRecoveryStopped    Notice = "recovery_stopped"
	NoticeAccountBlocked     Notice = "account_blocked"
	NoticeKeyReset           Notice = "key_reset"
	NoticeStartedOver        Notice = "started_over"
)

var notices = map[Notice]string{
	NoticeInvitationEnded:    "That link has expired or was already used. Ask for a code instead.",
	NoticeSignInFirst:        "You must be signed in to access this page",
	NoticeCodeSent:           "We sent a new code",
	NoticeTOTPRemoved:        "Authenticator app removed",
	NoticePasskeyAdded:       "Passkey added",
	NoticePasskeyRenamed:     "Passkey renamed",
	NoticePasskeyRemoved:     "Passkey removed",
	NoticePhoneReleased:      "Phone number turned off for MFA",
	NoticePhoneRemoved:       "Phone number removed",
	NoticeDefaultChanged:     "Default phone number changed",
	NoticeBackupCodesSaved:   "Backup codes saved",
	NoticePasswordReset:      "Password changed. Sign in with your new password.",
	NoticeNameChanged:        "Name saved",
	NoticePasswordChanged:    "Password changed",
	NoticeEmailVerified:      "Email address verified",
	NoticeEmailChangeStopped: "Change cancelled. Your email addresses have not changed.",
	NoticeEmailRemoved:       "Second email address removed",
	NoticeDeviceForgotten:    "Device forgotten",
	NoticeAppDisconnected:    "App disconnected",
	NoticeActDone:            "Done. The user has been notified.",
	NoticeNothingToDo:        "There was nothing to do",
	NoticeSettingsSaved:      "Settings saved. All servers use them within seconds.",
	NoticeSessionEnded:       "Device signed out",
	NoticeSessionsEnded:      "All other devices signed out",
	NoticeAccountDeleted:     "Account deleted",
	NoticeSignedOut:          "You are signed out",
	NoticeSignedUp:           "Your account is ready",
	NoticeRecoveryStopped:    "Recovery stopped. Two-step verification has not changed.",
	NoticeAccountBlocked:     "The account is blocked. Contact the site administrator.",
	NoticeKeyReset:           "This is a new QR code",
	NoticeStartedOver:        "You are back at the start",
	NoticeFormExpired:        sentences[auth.FormExpired],
	NoticeTimedOut:           "You were signed out because you were not active",
}

// state is success, unless the notice confirms nothing.
func (n Notice) state() state {
	switch n {
	case NoticeInvitationEnded, NoticeSignInFirst, NoticeFormExpired, NoticeTimedOut, NoticeStartedOver:
		return info
	}
	return success
}

// Notices that name something end in a value.
const (
	backupCodeUsed = "backup_code_used:" // codes left
	phoneReserved  = "phone_reserved:"   // masked number
)

// NoticeBackupCodeUsed is the notice after a backup code, with the number left.
func NoticeBackupCodeUsed(left int) Notice { return Notice(backupCodeUsed + strconv.Itoa(left)) }

// NoticePhoneReserved is the notice when a phone number becomes a second factor.
func NoticePhoneReserved(number string) Notice { return Notice(phoneReserved + maskPhone(number)) }

func (n Notice) text() string {
	if left, ok := strings.CutPrefix(string(n), backupCodeUsed); ok {
		if left, err := strconv.Atoi(left); err == nil {
			return "Backup code used. You have " + count(left, "backup code") + " left."
		}
	}
	if number, ok := strings.CutPrefix(string(n), phoneReserved); ok {
		return "You will get sign-in codes on " + number
	}
	return notices[n]
}
