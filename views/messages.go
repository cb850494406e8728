package views

import (
	"net/url"
	"strings"
	"unicode"

	"twostep/auth"
)

// RenderMessage writes the text of a message. Links start with origin, the
// site's configured origin like https://id.example.org, and never with a host
// taken from a request (RC-06). An SMS has no subject.
func RenderMessage(m auth.Message, product, origin string) (subject, body string) {
	product = oneLine(product)
	if _, ok := codePurposes[m.Kind]; ok {
		if m.Channel == auth.BySMS {
			return "", codeSMS(m, product, origin)
		}
		return m.Code + " is your " + product + " code", codeMail(m, product)
	}
	if m.Kind == auth.MessageEmailTaken {
		return "You already have an account at " + product, emailTakenMail(m, product, origin)
	}
	return notificationMail(m, product, origin)
}

// RenderTest writes a message with which a site administrator tests the sending.
func RenderTest(channel auth.Channel, product string) (subject, body string) {
	text := "This is a test message from " + oneLine(product) + "."
	if channel == auth.BySMS {
		return "", text
	}
	return "Test message from " + oneLine(product), paragraphs(text, "The site administrator sent it. You can ignore it.")
}

// codeSMS ends with the line that lets phones fill in the code on this site
// only (WICG origin-bound one-time codes, SM-08).
func codeSMS(m auth.Message, product, origin string) string {
	return m.Code + " is your " + product + " code. It expires in " + duration(m.ExpiresAt.Sub(m.At)) +
		". Do not share it.\n\n@" + hostname(origin) + " #" + m.Code
}

func hostname(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// codePurposes says what each code is for.
var codePurposes = map[auth.MessageKind]string{
	auth.MessageSignUpCode: "to finish signing up",
	auth.MessageSignInCode: "to sign in",
	auth.MessageReauthCode: "to confirm it is you",
	auth.MessageResetCode:  "to set a new password",
	auth.MessagePhoneCode:  "to add a phone number",
	auth.MessageEmailCode:  "to verify this email address",
}

func codeMail(m auth.Message, product string) string {
	return paragraphs(
		m.Code+" is your "+product+" code.",
		"Enter it "+codePurposes[m.Kind]+". It expires in "+duration(m.ExpiresAt.Sub(m.At))+".",
		"Did not ask for this? Ignore this email. Never share the code.",
	)
}

// emailTakenMail goes to the owner of an email address that someone else
// entered to sign up or to change the address of another account. The page does
// not say that the address is taken (FF-03).
func emailTakenMail(m auth.Message, product, origin string) string {
	return paragraphs(
		"Someone tried to use your email address for an account at "+product+". You already have one.",
		circumstances(m),
		"If this was you, sign in: "+origin+"/sign-in",
		"If not, you can ignore this email. Your account has not changed.",
	)
}

// notificationMail says what changed, when, from where, and what to do if it
// was not the user (RC-07). It contains no code. Only the mail about a requested
// change of the email address contains a token, which cancels that change and
// does nothing else (RC-09).
func notificationMail(m auth.Message, product, origin string) (subject, body string) {
	n := notifications[m.Kind]
	if n.help == helpStop && m.Token == "" { // only the sign-in address gets the token
		n.help = helpEmails
	}
	fill := strings.NewReplacer(
		"PRODUCT", product, "NUMBER", maskPhone(m.Number), "EMAIL", oneLine(m.Email), "LEFT", codesLeftAdvice(m.Left),
		"ORIGIN", origin, "TOKEN", url.QueryEscape(string(m.Token)),
	)
	parts := []string{fill.Replace(n.text), circumstances(m)}
	if m.Added != nil {
		parts = append(parts, addedText(*m.Added, origin))
	}
	if m.Summary {
		parts = append(parts, "This has happened more than three times within an hour. We will not email you about it again for an hour. All of it is listed here: "+origin+"/account/activity")
	}
	if !administratorHelp[n.help] {
		parts = append(parts, "If this was you, you can ignore this email.")
	}
	parts = append(parts, fill.Replace(n.help))
	if n.help != helpContact && !administratorHelp[n.help] { // they name the administrator already
		parts = append(parts, "If you cannot sign in, contact the site administrator.")
	}
	return fill.Replace(n.subject), paragraphs(parts...)
}

// addedText lists what an intruder may have added.
func addedText(a auth.Added, origin string) string {
	lines := []string{"This was added to your account lately. Remove anything you do not recognize: " + origin + "/account"}
	if a.TOTP {
		lines = append(lines, "- an authenticator app")
	}
	for _, number := range a.Numbers {
		lines = append(lines, "- the phone number "+maskPhone(number))
	}
	if a.Email != "" {
		lines = append(lines, "- "+oneLine(a.Email)+" for security alerts")
	}
	return strings.Join(lines, "\n")
}

// circumstances lists when and from where it happened, as far as is known.
func circumstances(m auth.Message) string {
	text := "When: " + dateTime(m.At)
	if m.IP != "" {
		text += "\nIP address: " + oneLine(m.IP)
	}
	if m.UserAgent != "" {
		text += "\nBrowser: " + browser(m.UserAgent)
	}
	return text
}

// oneLine removes control characters, line breaks and characters that change
// the text direction, so that a value cannot add lines to a mail.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}

func paragraphs(all ...string) string { return strings.Join(all, "\n\n") + "\n" }
