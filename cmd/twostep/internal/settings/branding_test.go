package settings

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestSettings_Renderer: mail has the operator's name, colour and links.
func TestSettings_Renderer(t *testing.T) {
	s := mustParse(t, "--name=Acme", "--url=https://id.acme.example", "--accent=#0A7D5A", "--support=mailto:help@acme.example", "--privacy=https://acme.example/privacy")
	mail := s.Renderer().Message(auth.Message{Channel: auth.ByEmail, Kind: auth.MessageEmailTaken})
	for _, part := range []string{"Acme", "https://id.acme.example/", "help@acme.example", "https://acme.example/privacy"} {
		if !strings.Contains(mail.Text, part) || !strings.Contains(mail.HTML, part) {
			t.Errorf("%s is not in\n%s\n%s", part, mail.Text, mail.HTML)
		}
	}
	if !strings.Contains(mail.HTML, "#0a7d5a") {
		t.Errorf("mail lacks the colour:\n%s", mail.HTML)
	}
	if mail := mustParse(t).Renderer().Test(auth.ByEmail); strings.Contains(mail.Text+mail.HTML, "localhost") {
		t.Errorf("mail names an origin before the port is known:\n%s", mail.Text)
	}
}
