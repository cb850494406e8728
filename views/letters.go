package views

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"twostep/auth"
)

// Write turns a message into words. origin is the site's own, like
// https://id.example.org: no link is ever built from what a request says. An
// SMS has no subject.
func Write(m auth.Message, product, origin string) (subject, body string) {
	product = oneLine(product)
	if _, isCode := codeUses[m.Letter]; isCode {
		if m.Channel == auth.BySMS {
			return "", codeBySMS(m, product, origin)
		}
		return "Your " + product + " code", codeByMail(m, product)
	}
	if m.Letter == auth.LetterAddressTaken {
		return "You have an account at " + product, addressTaken(m, product, origin)
	}
	words := notifications[m.Letter]
	fill := strings.NewReplacer("PRODUCT", product, "NUMBER", Mask(m.Number), "EMAIL", oneLine(m.Email), "LEFT", left(m.Left))
	return fill.Replace(words.subject), notify(m, fill.Replace(words.text), origin)
}

// codeBySMS ends with the line by which phones tell whose code it is and fill
// it in at this site alone (WICG origin-bound one-time codes, SM-08).
func codeBySMS(m auth.Message, product, origin string) string {
	return m.Code + " is your " + product + " code. It is valid for " + span(m.ExpiresAt.Sub(m.At)) +
		". Give it to nobody.\n\n@" + host(origin) + " #" + m.Code
}

func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// codeUses is what each code is good for.
var codeUses = map[auth.Letter]string{
	auth.LetterSignUpCode:   "to sign up at PRODUCT with this address",
	auth.LetterSignInCode:   "to sign in at PRODUCT",
	auth.LetterReverifyCode: "to verify your account at PRODUCT once more",
	auth.LetterResetCode:    "to set a new password at PRODUCT",
	auth.LetterPhoneCode:    "to add a phone number at PRODUCT",
	auth.LetterEmailCode:    "to use this address at PRODUCT",
}

func codeByMail(m auth.Message, product string) string {
	use := strings.ReplaceAll(codeUses[m.Letter], "PRODUCT", product)
	return paragraphs(
		"Somebody, most likely you, asked "+use+".",
		"Your code is "+m.Code,
		"Type it on the page that asks for it. It is valid for "+span(m.ExpiresAt.Sub(m.At))+", until "+moment(m.ExpiresAt)+".",
		"If it was not you, do nothing: without the code nothing happens. Give it to nobody, whoever asks for it.",
	)
}

// addressTaken goes to the owner of an address with which somebody tried to
// sign up; the visitor is not told that it is taken (FF-03).
func addressTaken(m auth.Message, product, origin string) string {
	return paragraphs(
		"Somebody tried to sign up at "+product+" with this address, which has an account already.",
		strings.Join(circumstances(m), "\n"),
		"If it was you, sign in instead: "+origin+"/sign-in",
		"If it was not you, there is nothing to do. Your account is as it was.",
	)
}

// A notification is what a notice says happened.
type notification struct{ subject, text string }

// notifications has one for each event that is told to an account's owner.
var notifications = map[auth.Letter]notification{
	auth.Letter(auth.SignedInNewBrowser): {
		"New sign-in to PRODUCT",
		"Somebody signed in to your account at PRODUCT with a browser that was not used before.",
	},
	auth.Letter(auth.SecondFactorMissed): {
		"Sign-in to PRODUCT not completed",
		"Somebody gave the right password of your account at PRODUCT, but a wrong code in the second step. They were not signed in.",
	},
	auth.Letter(auth.SignInStopped): {
		"Too many tries to sign in to PRODUCT",
		"There were so many wrong tries to sign in to your account at PRODUCT that further ones have to wait.",
	},
	auth.Letter(auth.TOTPAdded): {
		"Authentication app added to PRODUCT",
		"An authentication app was added to your account at PRODUCT.",
	},
	auth.Letter(auth.TOTPRemoved): {
		"Authentication app removed from PRODUCT",
		"The authentication app was removed from your account at PRODUCT.",
	},
	auth.Letter(auth.PhoneAdded): {
		"Phone number added to PRODUCT",
		"The phone number NUMBER was added to your account at PRODUCT.",
	},
	auth.Letter(auth.PhoneRemoved): {
		"Phone number removed from PRODUCT",
		"The phone number NUMBER was removed from your account at PRODUCT.",
	},
	auth.Letter(auth.PhoneReserved): {
		"Phone number used to sign in to PRODUCT",
		"The phone number NUMBER now gets codes to sign in to your account at PRODUCT.",
	},
	auth.Letter(auth.PhoneReleased): {
		"Phone number no longer used to sign in to PRODUCT",
		"The phone number NUMBER no longer gets codes to sign in to your account at PRODUCT.",
	},
	auth.Letter(auth.BackupCodesReplaced): {
		"New backup codes at PRODUCT",
		"New backup codes were made for your account at PRODUCT. The earlier ones no longer work.",
	},
	auth.Letter(auth.BackupCodeUsed): {
		"Backup code used at PRODUCT",
		"A backup code was used for your account at PRODUCT. LEFT",
	},
	auth.Letter(auth.PasswordChanged): {
		"Password changed at PRODUCT",
		"The password of your account at PRODUCT was changed.",
	},
	auth.Letter(auth.PasswordReset): {
		"Password reset at PRODUCT",
		"A new password was set for your account at PRODUCT, by a code that was sent to you by mail. Every device was signed out.",
	},
	auth.Letter(auth.EmailChangeAsked): {
		"Change of your email address at PRODUCT",
		"Somebody asked to change the email address of your account at PRODUCT to EMAIL. Nothing changes before that address is proved.",
	},
	auth.Letter(auth.EmailChanged): {
		"Email address changed at PRODUCT",
		"The email address of your account at PRODUCT is now EMAIL.",
	},
	auth.Letter(auth.NoticeEmailAdded): {
		"Second email address added at PRODUCT",
		"Notices about your account at PRODUCT now go to EMAIL too.",
	},
	auth.Letter(auth.NoticeEmailRemoved): {
		"Second email address removed at PRODUCT",
		"Notices about your account at PRODUCT no longer go to EMAIL.",
	},
	auth.Letter(auth.AccountDeleted): {
		"Account deleted at PRODUCT",
		"Your account at PRODUCT was deleted, with everything in it.",
	},
}

// notify says what happened, when and from where, and what to do about it
// (RC-07). It holds no code.
func notify(m auth.Message, what, origin string) string {
	help := "If it was not you, somebody may know your password. Sign in, remove what is not yours and generate new backup codes: " + origin + "/account/manage-mfa"
	if m.Letter == auth.Letter(auth.AccountDeleted) { // nobody can sign in to what is gone
		help = "If it was not you, tell the people who run the site at once: " + origin + "/"
	}
	return paragraphs(
		what,
		strings.Join(circumstances(m), "\n"),
		"If it was you, there is nothing to do.",
		help,
		"If you cannot sign in, ask the people who run the site for help.",
	)
}

// circumstances are when it happened and from where. The browser's name is
// what the browser says of itself, so it is quoted and stays on its line.
func circumstances(m auth.Message) []string {
	lines := []string{"When: " + moment(m.At)}
	if m.Address != "" {
		lines = append(lines, "From: "+oneLine(m.Address))
	}
	if browser := oneLine(m.Browser); browser != "" {
		lines = append(lines, "Browser, as it calls itself: "+strconv.Quote(browser))
	}
	return lines
}

// oneLine takes out control characters, line breaks and what turns the
// direction of writing, so that nobody can add lines of their own to a mail.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(sign rune) rune {
		if !unicode.IsPrint(sign) {
			return -1
		}
		return sign
	}, s))
}

func paragraphs(all ...string) string { return strings.Join(all, "\n\n") + "\n" }
