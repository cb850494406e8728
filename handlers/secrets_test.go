package handlers_test

import (
	"encoding/base32"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// The database files contain no code, key, password or token in plain text, and no
// password hash that could be attacked offline (ST-03, ST-04, BC-03, SM-03, RC-02,
// SE-11).
func TestDatabaseFile_NoSecrets(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	emailed := site.lastCode(ann)
	b.open("/account/manage-mfa/add")
	pending := b.totpKey()
	key, codes := b.addTOTP()
	b.open("/account/add-phone").fill("Enter phone number", number).press("Continue").wantHeading("Verify phone")
	texted := site.lastCode(number)
	site.wait(time.Minute)
	site.browser().startReset(ann)
	reset := site.lastCode(ann)
	b.changeEmail("ann.new@example.org")
	stop := stopLink.FindString(allBodies(site.messages(ann)))
	stop = stop[strings.Index(stop, "token=")+len("token="):]

	files := ""
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(site.file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files += string(content)
	}
	if !strings.Contains(files, ann) {
		t.Fatal("not the database files")
	}
	secrets := map[string]string{
		"password": password, "stop token": stop, "TOTP key": strings.ReplaceAll(key, " ", ""),
		"backup code": codes[0], "backup code without hyphens": strings.ReplaceAll(codes[0], "-", ""),
		"message": "is your Acme code",
	}
	for name, text := range map[string]string{"TOTP key": key, "key of a pending setup": pending} {
		raw, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		secrets[name+", raw"] = string(raw)
	}
	for name, secret := range secrets {
		if secret == "" || strings.Contains(files, secret) {
			t.Errorf("the database contains the %s", name)
		}
	}
	for _, hash := range phcTag.FindAllStringSubmatch(files, -1) {
		if strings.Trim(hash[1], "A") != "" { // the salt of backup codes is stored with a hash of zeros
			t.Errorf("unencrypted password hash: %s", hash[0])
		}
	}
	for name, code := range map[string]string{"email": emailed, "SMS": texted, "reset": reset} {
		for _, around := range []string{"\"" + code + "\"", " " + code + " ", "#" + code} {
			if strings.Contains(files, around) {
				t.Errorf("the database contains the code by %s", name)
			}
		}
	}
}

// phcTag matches the encoding of an Argon2id hash, and its hash part.
var phcTag = regexp.MustCompile(`\$argon2id\$v=19\$[a-z0-9=,]+\$[A-Za-z0-9+/]+\$([A-Za-z0-9+/]+)`)

// Links in messages have the configured origin, not the host of a request (RC-06).
func TestLinks_ConfiguredOrigin(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.headers["X-Forwarded-Host"], b.headers["Forwarded"] = "evil.example", "host=evil.example"
	b.changeEmail("ann.new@example.org")
	b.addPhone(number)
	for _, m := range append(site.messages(ann), site.messages(number)...) {
		if strings.Contains(m.body, "evil.example") {
			t.Errorf("message with the forged host: %q", m.body)
		}
	}
	if !strings.Contains(allBodies(site.messages(ann)), site.origin+"/account/email/stop?token=") {
		t.Error("no message has a link")
	}
}

// Above the field for the number, the page says that SMS is a weaker method and links to
// the alternative. Without SMS there is no page (SM-01).
func TestSMSNotice(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	b.open("/account/add-phone").wantText("Text messages are less secure")
	text := b.text()
	if strings.Index(text, "less secure") > strings.Index(text, "Enter phone number") {
		t.Error("the notice comes after the field")
	}
	if b.link("use an authenticator app instead").AttrOr("href", "") != "/account/manage-mfa/add" {
		t.Error("no link to the TOTP setup")
	}
	site.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.TOTPCode, auth.BackupCode} })
	for _, path := range []string{"/account/add-phone", "/account/manage-mfa/phones/x/use"} {
		b.open(path).wantStatus(404)
	}
}

// Passwords do not expire (PW-10).
func TestPassword_Age(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann).press("Sign out")
	site.wait(400 * 24 * time.Hour)
	site.browser().signIn(ann).wantHeading("Account")
}

// After the setup, no page and no URL contains the TOTP key, not even while it is being
// replaced (TO-10).
func TestTOTPKey_NotShownAfterSetup(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	key, _ := b.addTOTP()
	b.addPhone(number)
	site.wait(time.Minute)
	pages := 0
	for path, has := range handlers.RoutePaths() {
		if !has[0] || strings.Contains(path, ":") {
			continue
		}
		b.open(path)
		pages++
		for _, text := range []string{key, strings.ReplaceAll(key, " ", "")} {
			if strings.Contains(b.body, text) || strings.Contains(b.url.String(), text) {
				t.Errorf("%s contains the key", path)
			}
		}
	}
	if pages < 15 {
		t.Errorf("only %d pages checked", pages)
	}
	b.open("/account/manage-mfa").press("Replace").wantHeading("Add TOTP MFA")
	if another := b.totpKey(); another == "" || another == key {
		t.Errorf("replacement key %q", another)
	}
}

// An attacker who has read the database, and even the server's keys, cannot make a valid
// cookie: no stored value is the token of a session or attempt (SE-11, RC-02).
func TestDatabaseFile_NoUsableTokens(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	site.wait(time.Minute)
	site.browser().startReset(ann)
	checked := 0
	for _, table := range []string{"sessions", "attempts", "known_devices"} {
		site.tableRows(table, func(values []any) {
			for _, value := range values {
				stored, isText := value.(string)
				if !isText || stored == "" {
					continue
				}
				checked++
				if session, err := site.rules.Session(t.Context(), auth.Token(stored)); err == nil {
					t.Errorf("%q of %s is a token of session %s", stored, table, session.ID)
				}
				if attempt, err := site.rules.Attempt(t.Context(), auth.Token(stored)); err == nil && attempt.TokenHash != "" {
					t.Errorf("%q of %s is a token of an attempt to %s", stored, table, attempt.Purpose)
				}
			}
		})
	}
	if checked < 6 {
		t.Errorf("only %d values checked", checked)
	}
}
