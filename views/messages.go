package views

import (
	"net/url"
	"strings"
	"unicode"

	"twostep/auth"
)

// Write turns a message into words. origin is the site's own, like
// https://id.example.org: no link is ever built from what a request says. An
// SMS has no subject.
func RenderMessage(m auth.Message, product, origin string) (subject, body string) {
	product = oneLine(product)
	if _, isCode := codeUses[m.Kind]; isCode {
		if m.Channel == auth.BySMS {
			return "", codeBySMS(m, product, origin)
		}
		return "Your " + product + " code", codeByMail(m, product)
	}
	if m.Kind == auth.MessageEmailTaken {
		return "You have an account at " + product, addressTaken(m, product, origin)
	}
	return notify(m, product, origin)
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
var codeUses = map[auth.MessageKind]string{
	auth.MessageSignUpCode: "to sign up at PRODUCT with this address",
	auth.MessageSignInCode: "to sign in at PRODUCT",
	auth.MessageReauthCode: "to verify your account at PRODUCT once more",
	auth.MessageResetCode:  "to set a new password at PRODUCT",
	auth.MessagePhoneCode:  "to add a phone number at PRODUCT",
	auth.MessageEmailCode:  "to use this address at PRODUCT",
}

func codeByMail(m auth.Message, product string) string {
	use := strings.ReplaceAll(codeUses[m.Kind], "PRODUCT", product)
	return paragraphs(
		"Somebody, most likely you, asked "+use+".",
		"Your code is "+m.Code,
		"Type it on the page that asks for it. It is valid for "+span(m.ExpiresAt.Sub(m.At))+", until "+moment(m.ExpiresAt)+".",
		"If it was not you, do nothing: without the code nothing happens. Give it to nobody, whoever asks for it.",
	)
}

// addressTaken goes to the owner of an address with which somebody tried to
// sign up, or to which somebody tried to change the address of another
// account; who tried it is not told that it is taken (FF-03).
func addressTaken(m auth.Message, product, origin string) string {
	return paragraphs(
		"Somebody wanted to use this address for an account at "+product+", where it has one already.",
		strings.Join(circumstances(m), "\n"),
		"If it was you, sign in to that account instead: "+origin+"/sign-in",
		"If it was not you, there is nothing to do. Your account is as it was.",
	)
}

// notify says what happened, when and from where, and what to do about it
// (RC-07). It holds no code. Of a change of address it holds the token that
// stops it, which opens nothing (RC-09).
func notify(m auth.Message, product, origin string) (subject, body string) {
	words := notifications[m.Kind]
	fill := strings.NewReplacer(
		"PRODUCT", product, "NUMBER", maskPhone(m.Number), "EMAIL", oneLine(m.Email), "LEFT", left(m.Left),
		"ORIGIN", origin, "TOKEN", url.QueryEscape(string(m.StopToken)),
	)
	parts := []string{fill.Replace(words.text), strings.Join(circumstances(m), "\n")}
	if !byOperator[words.help] {
		parts = append(parts, "If it was you, there is nothing to do.")
	}
	parts = append(parts, fill.Replace(words.help))
	if words.help != helpGone && !byOperator[words.help] { // which asks them already
		parts = append(parts, "If you cannot sign in, ask the people who run the site for help.")
	}
	return fill.Replace(words.subject), paragraphs(parts...)
}

// circumstances are when it happened and from where, as far as that is known.
func circumstances(m auth.Message) []string {
	lines := []string{"When: " + moment(m.At)}
	if m.IP != "" {
		lines = append(lines, "From: "+oneLine(m.IP))
	}
	if m.UserAgent != "" {
		lines = append(lines, "Browser: "+browser(m.UserAgent))
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
