package courier_test

import (
	"strings"
	"testing"

	"twostep/cmd/twostep/courier"
)

// TestParseSMTP checks that the URL determines the encryption and the port.
func TestParseSMTP(t *testing.T) {
	for given, want := range map[string]courier.SMTP{
		"smtp://ann:s3cret@mail.example.org:2525":    {Host: "mail.example.org", Port: 2525, Encryption: courier.StartTLS, User: "ann", Password: "s3cret"},
		"smtp://ann:s3cret@mail.example.org":         {Host: "mail.example.org", Port: 587, Encryption: courier.StartTLS, User: "ann", Password: "s3cret"},
		"smtp://mail.example.org:25/":                {Host: "mail.example.org", Port: 25, Encryption: courier.StartTLS},
		"smtp://ann:s3cret@localhost:25":             {Host: "localhost", Port: 25, Encryption: courier.StartTLS, User: "ann", Password: "s3cret"},
		"smtp://localhost:25":                        {Host: "localhost", Port: 25, Encryption: courier.Plain},
		"smtp://127.0.0.9:25":                        {Host: "127.0.0.9", Port: 25, Encryption: courier.Plain},
		"smtp://[::1]:25":                            {Host: "::1", Port: 25, Encryption: courier.Plain},
		"smtp://localhost.example.org:25":            {Host: "localhost.example.org", Port: 25, Encryption: courier.StartTLS},
		"smtp://192.0.2.1:25":                        {Host: "192.0.2.1", Port: 25, Encryption: courier.StartTLS},
		"smtps://localhost":                          {Host: "localhost", Port: 465, Encryption: courier.ImplicitTLS},
		"smtps://ann%40x:s%2F3%3F%23%3A@bücher.test": {Host: "xn--bcher-kva.test", Port: 465, Encryption: courier.ImplicitTLS, User: "ann@x", Password: "s/3?#:"},
	} {
		want.Timeout = courier.Timeout
		got, err := courier.ParseSMTP(given)
		if err != nil || *got != want {
			t.Errorf("ParseSMTP(%q) = %+v, %v", given, got, err)
		}
	}
	for _, given := range []string{
		"smtp://", "smtp:", "smtp:ann:s3cret@example.org", "smtp://ann:s3cret@", "smtp://ann@example.org", "smtp://ann:@example.org",
		"smtp://:s3cret@example.org", "smtp://@example.org", "smtp://ann:s3cret@example.org:0", "smtp://ann:s3cret@example.org:65536",
		"smtp://ann:s3cret@example.org:", "smtp://ann:s3cret@example.org:smtp", "smtp://ann:s3cret@example.org/s3cret",
		"smtp://ann:s3cret@example.org?s3cret", "smtp://ann:s3cret@example.org#s3cret", "smtp://ann:s3cret#x@example.org",
		"smtp://ann:s3cret/x@example.org", "smtp://ann:s3cret%zz@example.org", "smtp://ann:s3cret@exa_mple.org", "smtp://ann:s3cret@-x.org",
		"http://example.org", "s3cret",
	} {
		_, err := courier.ParseSMTP(given)
		checkParseError(t, given, err)
	}
}

// checkParseError checks that a flag's value is rejected with a one-line error
// that does not repeat its secrets.
func checkParseError(t *testing.T, given string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%q: no error", given)
		return
	}
	if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q: error %q", given, err)
	}
}

func TestParseSender(t *testing.T) {
	for given, want := range map[string]string{
		"no-reply@example.org":                   "no-reply@example.org",
		"id+mfa@mail.example.org":                "id+mfa@mail.example.org",
		"no-reply@bücher.example":                "no-reply@xn--bcher-kva.example",
		"no-reply@localhost":                     "no-reply@localhost",
		"no-reply":                               "",
		"":                                       "",
		"@example.org":                           "",
		"a@":                                     "",
		"Twostep <a@example.org>":                "",
		"a@example.org, b@x.org":                 "",
		"a@example.org\nBcc: b@x":                "",
		"nö@example.org":                         "",
		"a b@example.org":                        "",
		`"a b"@example.org`:                      "",
		"a@exa_mple.org":                         "",
		"a@" + strings.Repeat("x.", 130) + "org": "",
	} {
		got, err := courier.ParseSender(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseSender(%q) = %q, %v, want %q", given, got, err, want)
		}
	}
}

func TestDefaultSender(t *testing.T) {
	for site, want := range map[string]string{
		"id.example.org": "no-reply@id.example.org",
		"localhost":      "no-reply@localhost",
		"192.0.2.1":      "no-reply@[192.0.2.1]",
		"2001:db8::1":    "no-reply@[IPv6:2001:db8::1]",
	} {
		if got := courier.DefaultSender(site); got != want {
			t.Errorf("DefaultSender(%q) = %s, want %s", site, got, want)
		}
	}
}
