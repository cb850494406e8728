package views

import (
	"net/url"
	"strings"
	"unicode"

	"twostep/auth"
)

// A MessageText is a message as it is sent.
type MessageText struct {
	Subject string // empty for an SMS
	Text    string
	HTML    string // of an email, with the same content; empty for an SMS
}

// A Renderer writes the messages of a site.
type Renderer struct {
	product, origin string
	links           Links
	style           mailStyle
}

// NewRenderer returns a renderer for a site's name, origin, accent colour and links.
// Links in messages start with origin, like https://id.example.org, and never with a host
// taken from a request (RC-06). accent is #rrggbb, or empty for the default.
func NewRenderer(product, origin, accent string, links Links) *Renderer {
	return &Renderer{oneLine(product), origin, links, newMailStyle(accent)}
}

// Message writes a message.
func (r *Renderer) Message(m auth.Message) MessageText {
	switch {
	case m.Channel != auth.BySMS:
		return r.render(r.mail(m))
	case recoverySMS[m.Kind] != "":
		return MessageText{Text: r.warningSMS(m)}
	}
	return MessageText{Text: r.codeSMS(m)}
}

// Test writes a message with which the site administrator tests the sending.
func (r *Renderer) Test(channel auth.Channel) MessageText {
	lead := "This is a test message from " + r.product + "."
	if channel == auth.BySMS {
		return MessageText{Text: lead}
	}
	return r.render(mail{
		subject: "Test message from " + r.product, lead: lead,
		body: []paragraph{{text: "The site administrator sent it. You can ignore it."}},
	})
}

// codeSMS ends with the line that lets phones fill in the code on this site
// only (WICG origin-bound one-time codes, SM-08).
func (r *Renderer) codeSMS(m auth.Message) string {
	return m.Code + " is your " + r.product + " code. It expires in " + duration(m.ExpiresAt.Sub(m.At)) +
		". Do not share it.\n\n@" + hostname(r.origin) + " #" + m.Code
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

	auth.MessageRecoveryCode: "to recover your account",
}

// afterPassword are the codes that are sent to somebody who knows the password.
var afterPassword = map[auth.MessageKind]bool{auth.MessageSignInCode: true, auth.MessageReauthCode: true, auth.MessageRecoveryCode: true}

func (r *Renderer) mail(m auth.Message) mail {
	switch {
	case codePurposes[m.Kind] != "":
		return r.codeMail(m)
	case m.Kind == auth.MessageEmailTaken:
		return r.emailTakenMail(m)
	}
	return r.notificationMail(m)
}

// codeMail has the code in the subject and in the first line, because lists of mails and
// lock screens show these.
func (r *Renderer) codeMail(m auth.Message) mail {
	unasked := []paragraph{{text: "Did not ask for this? Ignore this email. Never share the code."}}
	if afterPassword[m.Kind] {
		unasked = []paragraph{
			{text: "Never share the code."},
			{text: "Did not ask for this? Someone knows your password. Set a new one", link: link{"/forgot-password", "Set a new password"}},
		}
	}
	return mail{
		subject: m.Code + " is your " + r.product + " code",
		heading: "Your " + r.product + " code",
		lead:    m.Code + " is your " + r.product + " code.",
		code:    m.Code,
		body: append([]paragraph{
			{text: "Enter it " + codePurposes[m.Kind] + ". It expires in " + duration(m.ExpiresAt.Sub(m.At)) + "."},
		}, unasked...),
	}
}

// emailTakenMail goes to the owner of an email address that someone else
// entered to sign up or to change the address of another account. The page does
// not say that the address is taken (FF-03).
func (r *Renderer) emailTakenMail(m auth.Message) mail {
	return mail{
		subject: "You already have an account at " + r.product,
		lead:    "Someone tried to use your email address for an account at " + r.product + ". You already have one.",
		body: []paragraph{
			circumstances(m),
			{text: "If this was you, sign in", link: link{"/sign-in", "Sign in"}, primary: true},
			{text: "If not, you can ignore this email. Your account has not changed."},
		},
	}
}

// circumstances lists when and from where it happened, as far as is known.
func circumstances(m auth.Message) paragraph {
	facts := []fact{{"When", dateTime(m.At)}}
	if m.IP != "" {
		facts = append(facts, fact{"IP address", oneLine(m.IP)})
	}
	if m.UserAgent != "" {
		facts = append(facts, fact{"Browser", browser(m.UserAgent)})
	}
	return paragraph{facts: facts}
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

// inertEmail returns an email address that an attacker may have chosen so that mail
// programs do not turn a part of it into a link to a page, as they would with
// evil.example/login?@example.org: punctuation that people do not use in addresses is
// replaced, and then the dots are too.
func inertEmail(address string) string {
	address = oneLine(address)
	name := address[:max(0, strings.LastIndexByte(address, '@'))]
	usual := func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("._+-", c) }
	if !strings.ContainsFunc(name, func(c rune) bool { return !usual(c) }) && !strings.HasPrefix(strings.ToLower(name), "www.") {
		return address
	}
	return strings.Map(func(c rune) rune {
		if c == '.' || !usual(c) {
			return '•'
		}
		return c
	}, name) + address[len(name):]
}
