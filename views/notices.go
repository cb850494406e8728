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
	NoticeAppAdded           Notice = "app_added"
	NoticeAppAddedBefore     Notice = "app_added_before"
	NoticeAppSaved           Notice = "app_saved"
	NoticeAppDisabled        Notice = "app_disabled"
	NoticeAppEnabled         Notice = "app_enabled"
	NoticeAppRemoved         Notice = "app_removed"
	NoticeSecretEnded        Notice = "secret_ended"
	NoticeNothingToDo        Notice = "nothing_to_do"
	NoticeApprovalRequested  Notice = "approval_requested"
	NoticeDownloadApproved   Notice = "download_approved"
	NoticeApprovalRefused    Notice = "approval_refused"
	NoticeApprovalEnded      Notice = "approval_ended"
	NoticeSettingsSaved      Notice = "settings_saved"
	NoticeInvited            Notice = "invited"
	NoticeWithdrawn          Notice = "withdrawn"
	NoticeSignOutFirst       Notice = "sign_out_first"
	NoticeMFAPolicySet       Notice = "mfa_policy_set"
	NoticeMFAPolicyRemoved   Notice = "mfa_policy_removed"
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
	NoticeInvitationEnded:    "That link has expired or was already used. If you have an account, ask for a code. Otherwise, ask for a new invitation.",
	NoticeInvited:            "Invitation sent",
	NoticeWithdrawn:          "Invitation withdrawn. Its link no longer works.",
	NoticeSignOutFirst:       "You are signed in. Sign out to accept the invitation.",
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
	NoticeAppAdded:           "App added",
	NoticeAppAddedBefore:     "This app was added already. Make a new secret if you did not save the first one.",
	NoticeAppSaved:           "App saved",
	NoticeAppDisabled:        "App disabled. Its tokens no longer work.",
	NoticeAppEnabled:         "App enabled",
	NoticeAppRemoved:         "App removed",
	NoticeSecretEnded:        "The previous secret no longer works. The newest one stays valid.",
	NoticeNothingToDo:        "There was nothing to do",
	NoticeApprovalRequested:  "Requested. Another admin has to approve it within 24 hours.",
	NoticeDownloadApproved:   "Approved. The admin who requested it can download once.",
	NoticeApprovalRefused:    "The request has ended. Nothing was done.",
	NoticeApprovalEnded:      sentences[auth.ApprovalEnded],
	NoticeSettingsSaved:      "Settings saved. All servers use them within seconds.",
	NoticeMFAPolicySet:       "Date set",
	NoticeMFAPolicyRemoved:   "Policy removed",
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
	case NoticeAppAddedBefore, NoticeInvitationEnded, NoticeSignOutFirst, NoticeSignInFirst, NoticeFormExpired, NoticeTimedOut,
		NoticeStartedOver, NoticeApprovalRequested, NoticeApprovalRefused, NoticeApprovalEnded:
		return info
	}
	return success
}

// Notices that name something end in a value.
const (
	backupCodeUsed = "backup_code_used:" // codes left
	phoneReserved  = "phone_reserved:"   // masked number
	mfaReminded    = "mfa_reminded:"     // accounts
)

// NoticeBackupCodeUsed is the notice after a backup code, with the number left.
func NoticeBackupCodeUsed(left int) Notice { return Notice(backupCodeUsed + strconv.Itoa(left)) }

// NoticePhoneReserved is the notice when a phone number becomes a second factor.
func NoticePhoneReserved(number string) Notice { return Notice(phoneReserved + maskPhone(number)) }

// NoticeMFAReminded is the notice after reminders, with their number.
func NoticeMFAReminded(accounts int) Notice { return Notice(mfaReminded + strconv.Itoa(accounts)) }

func (n Notice) text() string {
	if accounts, ok := strings.CutPrefix(string(n), mfaReminded); ok {
		if n, err := strconv.Atoi(accounts); err == nil {
			return count(n, "account") + " reminded. Each gets one reminder a day at most."
		}
	}
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
