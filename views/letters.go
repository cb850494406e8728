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
	if m.Code != "" && m.Channel == auth.BySMS {
		return "", codeBySMS(m, product, origin)
	}
	switch m.Letter {
	case auth.LetterSignUpCode, auth.LetterSignInCode, auth.LetterPhoneCode:
		return "Your " + product + " code", codeByMail(m, product)
	case auth.LetterAddressTaken:
		return "You have an account at " + product, addressTaken(m, product, origin)
	}
	what := notified(m, product)
	return what.subject, notify(m, what, origin)
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

var codeUses = map[auth.Letter]string{
	auth.LetterSignUpCode: "to sign up at %s with this address",
	auth.LetterSignInCode: "to sign in at %s",
	auth.LetterPhoneCode:  "to add a phone number at %s",
}

func codeByMail(m auth.Message, product string) string {
	use := strings.ReplaceAll(codeUses[m.Letter], "%s", product)
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

func notified(m auth.Message, product string) notification {
	number := Mask(m.Number)
	switch m.Letter {
	case auth.LetterTOTPAdded:
		return notification{"Authentication app added to " + product, "An authentication app was added to your account at " + product + "."}
	case auth.LetterTOTPRemoved:
		return notification{"Authentication app removed from " + product, "The authentication app was removed from your account at " + product + "."}
	case auth.LetterPhoneAdded:
		return notification{"Phone number added to " + product, "The phone number " + number + " was added to your account at " + product + "."}
	case auth.LetterPhoneRemoved:
		return notification{"Phone number removed from " + product, "The phone number " + number + " was removed from your account at " + product + "."}
	case auth.LetterPhoneReserved:
		return notification{"Phone number used for sign-in at " + product, "The phone number " + number + " now gets codes to sign in to your account at " + product + "."}
	case auth.LetterPhoneReleased:
		return notification{"Phone number no longer used for sign-in at " + product, "The phone number " + number + " no longer gets codes to sign in to your account at " + product + "."}
	case auth.LetterBackupCodesReplaced:
		return notification{"New backup codes at " + product, "New backup codes were made for your account at " + product + ". The earlier ones no longer work."}
	case auth.LetterBackupCodeUsed:
		return notification{"Backup code used at " + product, "A backup code was used to sign in to your account at " + product + ". " + left(m.Left)}
	}
	return notification{"Your account at " + product + " was changed", "Your account at " + product + " was changed."}
}

// notify says what happened, when and from where, and what to do about it
// (RC-07). It holds no code.
func notify(m auth.Message, what notification, origin string) string {
	return paragraphs(
		what.text,
		strings.Join(circumstances(m), "\n"),
		"If it was you, there is nothing to do.",
		"If it was not you, somebody may know your password. Sign in, remove what is not yours and generate new backup codes: "+origin+"/account/manage-mfa",
		"If you cannot sign in, ask the people who run the site for help at once.",
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
