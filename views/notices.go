package views

// A Notice says that something was done, once, on the page that comes next.
// It travels as a word; an unknown one says nothing.
type Notice string

// The notices.
const (
	NoticeSignInFirst        Notice = "sign_in_first"
	NoticeSignedOut          Notice = "signed_out"
	NoticeStartedOver        Notice = "started_over"
	NoticeCodeSent           Notice = "code_sent"
	NoticeTOTPReset          Notice = "totp_reset"
	NoticeTOTPRemoved        Notice = "totp_removed"
	NoticePhoneReserved      Notice = "phone_reserved"
	NoticePhoneReleased      Notice = "phone_released"
	NoticePhoneRemoved       Notice = "phone_removed"
	NoticeDefaultChanged     Notice = "default_changed"
	NoticeBackupCodesSaved   Notice = "codes_saved"
	NoticeSignedUp           Notice = "signed_up"
	NoticePasswordReset      Notice = "password_reset"
	NoticePasswordChanged    Notice = "password_changed"
	NoticeEmailChanged       Notice = "email_proved"
	NoticeEmailChangeStopped Notice = "email_stopped"
	NoticeEmailRemoved       Notice = "email_removed"
	NoticeSessionEnded       Notice = "session_ended"
	NoticeSessionsEnded      Notice = "sessions_ended"
	NoticeAccountDeleted     Notice = "account_deleted"
	NoticeTimedOut           Notice = "timed_out"
)

var notices = map[Notice]string{
	NoticeSignInFirst:        "You must be signed in to access this page",
	NoticeSignedOut:          "You are signed out.",
	NoticeStartedOver:        "You can start again here.",
	NoticeCodeSent:           "A new code is on its way.",
	NoticeTOTPReset:          "There is a new key. A key that you scanned before no longer works.",
	NoticeTOTPRemoved:        "The authentication app was removed.",
	NoticePhoneReserved:      "The phone number is now used for MFA.",
	NoticePhoneReleased:      "The phone number is no longer used for MFA.",
	NoticePhoneRemoved:       "The phone number was removed from your account.",
	NoticeDefaultChanged:     "The default phone number was changed.",
	NoticeBackupCodesSaved:   "Your backup codes are ready to use. They are not shown again.",
	NoticeSignedUp:           "Your account is ready.",
	NoticePasswordReset:      "Your password was set. Sign in with it.",
	NoticePasswordChanged:    "Your password was changed.",
	NoticeEmailChanged:       "The new email address is verified and in use.",
	NoticeEmailChangeStopped: "The change was stopped. The email addresses are as they were.",
	NoticeEmailRemoved:       "The second email address was removed.",
	NoticeSessionEnded:       "The device was signed out.",
	NoticeSessionsEnded:      "All other devices were signed out.",
	NoticeAccountDeleted:     "Your account was deleted.",
	NoticeTimedOut:           "You were signed out because nothing was done for a while. Sign in again to go on.",
}

// Sentence is what the notice says; empty where there is none.
func (n Notice) text() string { return notices[n] }
