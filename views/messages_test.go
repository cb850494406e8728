package views

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

const origin = "https://id.example.org:8443"

// renderMessage writes a message of a site without links of its own.
func renderMessage(m auth.Message, product string) (subject, body string) {
	text := NewRenderer(product, origin, "", Links{}).Message(m)
	return text.Subject, text.Text
}

func message(kind auth.MessageKind, channel auth.Channel) auth.Message {
	return auth.Message{
		Channel: channel, To: "ann@example.com", Kind: kind, At: now, ExpiresAt: now.Add(10 * time.Minute),
		Number: "+14155554242", Email: "new@example.com", App: "Team wiki", Left: 2, IP: "203.0.113.9", UserAgent: firefox,
		Token: "stop+token", Due: now.Add(72 * time.Hour),
	}
}

// placeholder is one that was not filled in.
var placeholder = regexp.MustCompile(`PRODUCT|NUMBER|EMAIL|APP|DAY|LEFT|ORIGIN|TOKEN|DUE|NEXT`)

// TestRenderer_EveryKind also checks that a notification never shows a code,
// even if the message contains one by mistake (RC-07).
func TestRenderer_EveryKind(t *testing.T) {
	seen := map[string]auth.MessageKind{}
	for _, kind := range auth.MessageKinds() {
		t.Run(string(kind), func(t *testing.T) {
			m := message(kind, auth.ByEmail)
			m.Code = "123456"
			subject, body := renderMessage(m, "Big Co & Söhne")
			if !strings.Contains(subject, "Big Co & Söhne") || strings.ContainsAny(subject, "\r\n") {
				t.Errorf("subject is %q", subject)
			}
			if other, ok := seen[body]; ok {
				t.Errorf("has the same text as %s", other)
			}
			seen[body] = kind
			if strings.Contains(body, "415555") || placeholder.MatchString(subject+body) {
				t.Errorf("body is\n%s", body)
			}
			if codePurposes[kind] != "" {
				if !strings.Contains(body, "123456 is your Big Co & Söhne code.") || !strings.Contains(body, "10 minutes") || !strings.Contains(body, "Did not ask for this?") {
					t.Errorf("body is\n%s", body)
				}
				return
			}
			if strings.Contains(subject+body, "123456") {
				t.Errorf("a notification contains a code:\n%s", body)
			}
			ifNot := "\n\nIf not, "
			if strings.HasPrefix(string(kind), "operator_") || kind == auth.MessageInvitation || kind == auth.MessageMFAReminder {
				ifNot = "If you did not expect this"
			}
			for _, part := range []string{"2 May 2026, 14:04 UTC", "203.0.113.9", "Browser: Firefox on Windows", ifNot, origin + "/"} {
				if !strings.Contains(body, part) {
					t.Errorf("%q is not in\n%s", part, body)
				}
			}
		})
	}
}

// TestRenderer_SMSIsBoundToTheHost runs the parsing steps of WICG's
// origin-bound one-time codes on the text (SM-08).
func TestRenderer_SMSIsBoundToTheHost(t *testing.T) {
	lastLine := regexp.MustCompile(`^@(\S+) #(\S+)$`)
	for kind := range codePurposes {
		m := message(kind, auth.BySMS)
		m.Code = "012345"
		subject, body := renderMessage(m, "Twostep")
		lines := strings.Split(body, "\n")
		found := lastLine.FindStringSubmatch(lines[len(lines)-1])
		if found == nil || found[1] != "id.example.org" || found[2] != "012345" {
			t.Errorf("%s: the last line is %q", kind, lines[len(lines)-1])
		}
		if subject != "" || len(body) > 160 {
			t.Errorf("%s: subject %q, %d bytes", kind, subject, len(body))
		}
		if !strings.Contains(body, "10 minutes") {
			t.Errorf("%s: %q", kind, body)
		}
	}
}

// TestRenderer_BrowserStaysOnItsLine checks that a User-Agent header cannot
// add a line or change the text direction.
func TestRenderer_BrowserStaysOnItsLine(t *testing.T) {
	plain := message(auth.MessageKind(auth.TOTPAdded), auth.ByEmail)
	forged := plain
	forged.UserAgent = "Firefox/140 Fire\r\n\r\nCall +1 900 555 0100\x00\u202e\u2028 \" now"
	_, want := renderMessage(plain, "Twostep")
	_, got := renderMessage(forged, "Two\r\nstep")
	if strings.Contains(got, "Call") || strings.Count(got, "\n") != strings.Count(want, "\n") || strings.ContainsAny(got, "\r\x00\u202e\u2028") {
		t.Errorf("body is %q", got)
	}
}

func TestRenderer_OmitsUnknown(t *testing.T) {
	m := message(auth.MessageEmailTaken, auth.ByEmail)
	m.IP, m.UserAgent = "", ""
	_, body := renderMessage(m, "Twostep")
	if strings.Contains(body, "IP address") || strings.Contains(body, "Browser") {
		t.Errorf("body is\n%s", body)
	}
}

// TestRenderer_NoExtraTexts checks that the tables have no text for a kind
// that does not exist.
func TestRenderer_NoExtraTexts(t *testing.T) {
	if got, want := len(codePurposes)+len(notifications)+len(recoveryNotifications)+1, len(auth.MessageKinds()); got != want {
		t.Errorf("there are texts for %d kinds, of %d", got, want)
	}
}

// TestRenderer_Token checks that the mail about a requested change has the
// link that cancels it, and an invitation the one that accepts it, with the site's own
// origin, and that no other mail has a token.
func TestRenderer_Token(t *testing.T) {
	links := map[auth.MessageKind]string{
		auth.MessageKind(auth.EmailChangeRequested): "/account/email/stop?token=stop%2Btoken\n",
		auth.MessageInvitation:                      "/invitation?token=stop%2Btoken\n",
	}
	for kind := range recoverySMS { // those also warn by mail
		links[kind] = "/recovery/stop?token=stop%2Btoken\n"
	}
	for _, kind := range auth.MessageKinds() {
		_, body := renderMessage(message(kind, auth.ByEmail), "Twostep")
		link, want := links[kind]
		if want && !strings.Contains(body, origin+link) || !want && strings.Contains(body, "token") {
			t.Errorf("%s: body is\n%s", kind, body)
		}
	}
}

// TestRenderer_Help checks that each mail links to the page that helps a user
// who did not make the change.
func TestRenderer_Help(t *testing.T) {
	tests := map[auth.EventType]string{
		auth.SignedInNewDevice: "/account/password", auth.SecondFactorFailed: "/account/password", auth.SignInLocked: "/account/password",
		auth.TOTPRemoved: "/account/manage-mfa", auth.BackupCodeUsed: "/account/manage-mfa",
		auth.PasswordChanged: "/forgot-password", auth.PasswordReset: "/forgot-password",
		auth.EmailChangeRequested: "/account/password", auth.NoticeEmailRemoved: "/account/email",
	}
	for typ, path := range tests {
		_, body := renderMessage(message(auth.MessageKind(typ), auth.ByEmail), "Twostep")
		if !strings.Contains(body, origin+path+"\n") {
			t.Errorf("%s does not lead to %s:\n%s", typ, path, body)
		}
	}
}

func TestRenderer_TestBySMS(t *testing.T) {
	if got, want := NewRenderer("Twostep", "", "", Links{}).Test(auth.BySMS), (MessageText{Text: "This is a test message from Twostep."}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
