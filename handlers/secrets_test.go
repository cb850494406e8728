package handlers_test

import (
	"database/sql"
	"encoding/base32"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/handlers"
)

// TestSecretsInFile runs the journey and looks into the database's own files:
// no code, key, password, handle or token stands there as it is used, and no hash
// of a password that could be tried (ST-03, ST-04, BC-03, SM-03, RC-02, SE-11).
func TestSecretsInFile(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	mailed := w.code(ann)
	b.open("/account/manage-mfa/add")
	pending := keyText.FindString(b.text())
	key, codes := b.addApp()
	b.open("/account/add-phone").fill("Enter phone number", number).press("Continue").sees("Verify phone")
	texted := w.code(number)
	w.wait(time.Minute)
	w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	reset := w.code(ann)
	b.open("/account/email").fill("New email address", "ann.new@example.org").press("Change email address")
	stop := stopLink.FindString(allBodies(w.letters(ann)))
	stop = stop[strings.Index(stop, "token=")+len("token="):]

	files := ""
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(w.file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files += string(content)
	}
	if !strings.Contains(files, ann) {
		t.Fatal("these are not the database's files")
	}
	secrets := map[string]string{
		"password": password, "stop token": stop, "app's key": strings.ReplaceAll(key, " ", ""),
		"backup code": codes[0], "backup code as kept": strings.ReplaceAll(codes[0], "-", ""),
		"message": "is your Acme code",
	}
	for name, text := range map[string]string{"app's key": key, "key of a set-up": pending} {
		raw, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		secrets[name+", raw"] = string(raw)
	}
	for name, secret := range secrets {
		if secret == "" || strings.Contains(files, secret) {
			t.Errorf("the %s stands in the database", name)
		}
	}
	for _, hash := range phcTag.FindAllStringSubmatch(files, -1) {
		if strings.Trim(hash[1], "A") != "" { // the salt of backup codes has a tag of zeros
			t.Errorf("a hash stands open in the database: %s", hash[0])
		}
	}
	for name, code := range map[string]string{"mail": mailed, "SMS": texted, "reset": reset} {
		for _, around := range []string{"\"" + code + "\"", " " + code + " ", "#" + code} {
			if strings.Contains(files, around) {
				t.Errorf("the code by %s stands in the database", name)
			}
		}
	}
}

// phcTag finds hashes as argon2id writes them, and what they come down to.
var phcTag = regexp.MustCompile(`\$argon2id\$v=19\$[a-z0-9=,]+\$[A-Za-z0-9+/]+\$([A-Za-z0-9+/]+)`)

// TestLinks: mails and redirects are built from the configured origin, never
// from what a request calls the host (RC-06).
func TestLinks(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.headers["X-Forwarded-Host"], b.headers["Forwarded"] = "evil.example", "host=evil.example"
	b.open("/account/email").fill("New email address", "ann.new@example.org").press("Change email address")
	b.addPhone(number)
	for _, l := range append(w.letters(ann), w.letters(number)...) {
		if strings.Contains(l.body, "evil.example") {
			t.Errorf("a letter names the forged host: %q", l.body)
		}
	}
	if !strings.Contains(allBodies(w.letters(ann)), w.origin+"/account/email/stop?token=") {
		t.Error("no letter has a link to look at")
	}
}

// TestSMSNotice: before the number is asked, the page says what SMS is worth
// and what else there is; switched off, SMS has no page (SM-01).
func TestSMSNotice(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	b.open("/account/add-phone").reads("SMS is the weaker way")
	text := b.text()
	if strings.Index(text, "weaker way") > strings.Index(text, "Enter phone number") {
		t.Error("the notice comes after the field")
	}
	if b.link("Use an authentication app instead").AttrOr("href", "") != "/account/manage-mfa/add" {
		t.Error("no way to the app")
	}
	w.restart(func(p *auth.Policy) { p.Factors = []auth.FactorKind{auth.TOTPCode, auth.BackupCode} })
	for _, path := range []string{"/account/add-phone", "/account/manage-mfa/phones/x/use"} {
		if b.open(path); b.status != 404 {
			t.Errorf("%s: %d", path, b.status)
		}
	}
}

// TestPassword_Age: a password does not wear out (PW-10).
func TestPassword_Age(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann).press("Sign out")
	w.wait(400 * 24 * time.Hour)
	w.browser().firstStep(ann).sees("Account")
}

// TestKey_ShownNoMore: once an app is on, its key stands on no page and in no
// address, also when another is about to take its place (TO-10).
func TestKey_ShownNoMore(t *testing.T) {
	w := newWorld(t)
	b := w.browser().signUp(ann)
	key, _ := b.addApp()
	b.addPhone(number)
	w.wait(time.Minute)
	pages := 0
	for path, has := range handlers.RoutePaths() {
		if !has[0] || strings.Contains(path, ":") {
			continue
		}
		b.open(path)
		pages++
		for _, text := range []string{key, strings.ReplaceAll(key, " ", "")} {
			if strings.Contains(b.body, text) || strings.Contains(b.url.String(), text) {
				t.Errorf("%s shows the key", path)
			}
		}
	}
	if pages < 15 {
		t.Errorf("only %d pages", pages)
	}
	b.open("/account/manage-mfa").press("Replace").sees("Add TOTP MFA")
	if another := keyText.FindString(b.text()); another == "" || another == key {
		t.Errorf("the app that takes its place would have the key %q", another)
	}
}

// TestCookie_NotFromFile: who has read the database, and even the server's keys,
// cannot make a cookie from it: what is stored of a session or an attempt opens
// none (SE-11, RC-02).
func TestCookie_NotFromFile(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	w.wait(time.Minute)
	w.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	tried := 0
	for _, table := range []string{"sessions", "attempts", "known_devices"} {
		for _, stored := range w.texts(table) {
			tried++
			if session, err := w.rules.Session(t.Context(), auth.Token(stored)); err == nil {
				t.Errorf("%q of %s opens the session %s", stored, table, session.ID)
			}
			if attempt, err := w.rules.Attempt(t.Context(), auth.Token(stored)); err == nil && attempt.TokenHash != "" {
				t.Errorf("%q of %s opens an attempt to %s", stored, table, attempt.Purpose)
			}
		}
	}
	if tried < 6 {
		t.Errorf("only %d values", tried)
	}
}

// texts are all values of a table's rows that could be a handle.
func (w *world) texts(table string) (texts []string) {
	w.t.Helper()
	file, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.Query("SELECT * FROM " + table)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			w.t.Fatal(err)
		}
		for _, value := range values {
			if text, is := (*value.(*any)).(string); is && text != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
