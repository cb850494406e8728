package views

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

const origin = "https://id.example.org:8443"

func message(letter auth.MessageKind, channel auth.Channel) auth.Message {
	return auth.Message{
		Channel: channel, To: "ann@example.com", Kind: letter, At: now, ExpiresAt: now.Add(10 * time.Minute),
		Number: "+14155554242", Email: "new@example.com", Left: 2, IP: "203.0.113.9", UserAgent: firefox,
		StopToken: "stop+token",
	}
}

// placeholder is a word that was not filled in.
var placeholder = regexp.MustCompile(`PRODUCT|NUMBER|EMAIL|LEFT|ORIGIN|TOKEN`)

// TestWrite_EveryLetter walks all of them. Even a message that carries a code
// by mistake does not show it in a notice (RC-07).
func TestWrite_EveryLetter(t *testing.T) {
	said := map[string]auth.MessageKind{}
	for _, letter := range auth.MessageKinds() {
		t.Run(string(letter), func(t *testing.T) {
			m := message(letter, auth.ByEmail)
			m.Code = "123456"
			subject, body := RenderMessage(m, "Big Co & Söhne", origin)
			if !strings.Contains(subject, "Big Co & Söhne") || strings.ContainsAny(subject, "\r\n") {
				t.Errorf("subject is %q", subject)
			}
			if other, taken := said[body]; taken {
				t.Errorf("says the same as %s", other)
			}
			said[body] = letter
			if strings.Contains(body, "415555") || placeholder.MatchString(subject+body) {
				t.Errorf("body is\n%s", body)
			}
			if codeUses[letter] != "" {
				if !strings.Contains(body, "\nYour code is 123456\n") || !strings.Contains(body, "10 minutes") || !strings.Contains(body, "If it was not you") {
					t.Errorf("body is\n%s", body)
				}
				return
			}
			if strings.Contains(subject+body, "123456") {
				t.Errorf("a notice holds a code:\n%s", body)
			}
			ifNot := "If it was not you"
			if strings.HasPrefix(string(letter), "operator_") {
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

// TestWrite_SMSIsBoundToTheHost runs the parsing steps of WICG's
// origin-bound one-time codes on the text (SM-08).
func TestWrite_SMSIsBoundToTheHost(t *testing.T) {
	lastLine := regexp.MustCompile(`^@(\S+) #(\S+)$`)
	for letter := range codeUses {
		m := message(letter, auth.BySMS)
		m.Code = "012345"
		subject, body := RenderMessage(m, "Twostep", origin)
		lines := strings.Split(body, "\n")
		found := lastLine.FindStringSubmatch(lines[len(lines)-1])
		if found == nil || found[1] != "id.example.org" || found[2] != "012345" {
			t.Errorf("%s: the last line is %q", letter, lines[len(lines)-1])
		}
		if subject != "" || len(body) > 160 {
			t.Errorf("%s: subject %q, %d signs", letter, subject, len(body))
		}
		if !strings.Contains(body, "10 minutes") {
			t.Errorf("%s: %q", letter, body)
		}
	}
}

// TestWrite_BrowserStaysOnItsLine: what a client says of itself adds no line
// and does not turn the direction of writing.
func TestWrite_BrowserStaysOnItsLine(t *testing.T) {
	plain := message(auth.MessageKind(auth.TOTPAdded), auth.ByEmail)
	forged := plain
	forged.UserAgent = "Firefox/140 Fire\r\n\r\nCall +1 900 555 0100\x00\u202e\u2028 \" now"
	_, want := RenderMessage(plain, "Twostep", origin)
	_, got := RenderMessage(forged, "Two\r\nstep", origin)
	if strings.Contains(got, "Call") || strings.Count(got, "\n") != strings.Count(want, "\n") || strings.ContainsAny(got, "\r\x00\u202e\u2028") {
		t.Errorf("body is %q", got)
	}
}

func TestWrite_LeavesOutWhatIsUnknown(t *testing.T) {
	m := message(auth.MessageEmailTaken, auth.ByEmail)
	m.IP, m.UserAgent = "", ""
	_, body := RenderMessage(m, "Twostep", origin)
	if strings.Contains(body, "From:") || strings.Contains(body, "Browser") {
		t.Errorf("body is\n%s", body)
	}
}

// TestWrite_NothingSuperfluous: each table has what can be sent and no more.
func TestWrite_NothingSuperfluous(t *testing.T) {
	if got, want := len(codeUses)+len(notifications)+1, len(auth.MessageKinds()); got != want {
		t.Errorf("there are words for %d letters, of %d", got, want)
	}
}

// TestWrite_StopsAChangeOfAddress: the mail of the old address has the link,
// built from the site's own origin, and no other letter has a token.
func TestWrite_StopsAChangeOfAddress(t *testing.T) {
	for _, letter := range auth.MessageKinds() {
		_, body := RenderMessage(message(letter, auth.ByEmail), "Twostep", origin)
		want := letter == auth.MessageKind(auth.EmailChangeRequested)
		if got := strings.Contains(body, origin+"/account/email/stop?token=stop%2Btoken\n"); got != want || !want && strings.Contains(body, "token") {
			t.Errorf("%s: body is\n%s", letter, body)
		}
	}
}

// TestWrite_SaysWhatToDo: who did not do it finds the page to go to.
func TestWrite_SaysWhatToDo(t *testing.T) {
	tests := map[auth.EventType]string{
		auth.SignedInNewDevice: "/account/password", auth.SecondFactorFailed: "/account/password", auth.SignInLocked: "/account/password",
		auth.TOTPRemoved: "/account/manage-mfa", auth.BackupCodeUsed: "/account/manage-mfa",
		auth.PasswordChanged: "/forgot-password", auth.PasswordReset: "/forgot-password",
		auth.EmailChangeRequested: "/account/password", auth.NoticeEmailRemoved: "/account/email",
		auth.EmailChanged: "/", auth.AccountDeleted: "/",
	}
	for what, path := range tests {
		_, body := RenderMessage(message(auth.MessageKind(what), auth.ByEmail), "Twostep", origin)
		if !strings.Contains(body, origin+path+"\n") {
			t.Errorf("%s does not lead to %s:\n%s", what, path, body)
		}
	}
}
