package handlers_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp/totp"

	"twostep/auth"
	"twostep/db"
	"twostep/handlers"
	"twostep/handlers/page"
	"twostep/views"
)

// A tester is a test, or one run of a test of properties.
type tester interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Error(args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// A world is the whole site over a database file, with a hand clock and a
// courier that is a slice.
type world struct {
	t      tester
	rules  *auth.Rules
	store  *db.Store
	file   string
	keys   auth.Keyring
	policy auth.Policy
	site   http.Handler
	origin string
	log    *logBook
	mu     sync.Mutex
	now    time.Time
	sent   []letter

	browsers int // so far; each comes from an address of its own

	hasher  *auth.Hasher
	slots   int                     // hashes that run at once
	cost    auth.Cost               // of one
	proxies []netip.Prefix          // whose X-Forwarded-For is believed
	down    bool                    // the courier brings nothing
	refuses func(auth.Message) bool // and takes these never; nil for none

	patience time.Duration // with the database; zero for one without an end
	brittle  *brittle      // in the database's place, where something is to go wrong
}

// A letter is a message as its receiver reads it.
type letter struct{ channel, to, subject, body string }

// A logBook keeps what the program logs, to look for secrets in it.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newWorld starts a site; changes adapt the policy.
func newWorld(t *testing.T, changes ...func(*auth.Policy)) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), changes...)
}

// newWorldIn is newWorld with its database in a folder.
func newWorldIn(t tester, folder string, changes ...func(*auth.Policy)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), log: &logBook{}, origin: "https://id.example.org", slots: 4, cost: auth.Cost{Memory: 64, Passes: 1, Lanes: 1}}
	keys := auth.NewKeyring()
	w.file = filepath.Join(folder, "twostep.db")
	w.keys = keys
	w.openStore()
	policy := auth.Policy{
		Name: "Acme", Host: "id.example.org", Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode},
		SignUpOpen: true, PasswordMin: auth.PasswordMinSingleFactor, CodeLifetime: 10 * time.Minute,
		SessionLifetime: 24 * time.Hour, SessionIdle: time.Hour, Region: "US", SMSBudget: auth.SMSBudgetDefault,
		Reauth: auth.ReauthPresets["strict"], ActivityRetention: auth.ActivityRetention,
	}
	w.policy = policy
	w.restart(changes...)
	return w
}

func (w *world) openStore() {
	w.t.Helper()
	store, err := db.OpenSQLite(context.Background(), w.file, w.keys)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { store.Close() })
	w.store = store
}

// closeStore takes the database away from the running program.
func (w *world) closeStore() {
	w.t.Helper()
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// restart starts the program anew over the same data, with other settings.
func (w *world) restart(changes ...func(*auth.Policy)) {
	policy := w.policy
	for _, change := range changes {
		change(&policy)
	}
	w.hasher = auth.NewHasher(w.cost, w.slots)
	var store auth.Store = w.store
	if w.brittle != nil {
		store = w.brittle
	}
	w.rules = auth.New(store, w.keys, w.hasher, policy, w.clock)
	u, _ := url.Parse(w.origin)
	w.site = handlers.New(w.rules, w.keys, handlers.Config{
		Name: policy.Name, URL: u, TrustedProxies: w.proxies, RequestTimeout: w.patience, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	})
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// wait moves the hand clock.
func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// deliver lets the courier bring what is due.
func (w *world) deliver() {
	w.t.Helper()
	for _, channel := range auth.Channels {
		if _, failed, err := w.rules.Deliver(context.Background(), channel, w.send); err != nil || len(failed) > 0 && !w.down && w.refuses == nil {
			w.t.Fatal(err, failed)
		}
	}
}

func (w *world) send(_ context.Context, m auth.Message) error {
	subject, body := views.Write(m, "Acme", w.origin)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return errors.New("the provider does not answer")
	}
	if w.refuses != nil && w.refuses(m) {
		return auth.ErrRejected
	}
	w.sent = append(w.sent, letter{string(m.Channel), m.To, subject, body})
	return nil
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// letters are those that somebody got so far.
func (w *world) letters(to string) []letter {
	w.t.Helper()
	w.deliver()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []letter
	for _, l := range w.sent {
		if l.to == to {
			got = append(got, l)
		}
	}
	return got
}

// code is the code in the last letter to somebody.
func (w *world) code(to string) string {
	w.t.Helper()
	got := w.letters(to)
	if len(got) == 0 {
		w.t.Fatalf("nothing was sent to %s", to)
	}
	code := sixDigits.FindString(got[len(got)-1].body)
	if code == "" {
		w.t.Fatalf("no code in %q", got[len(got)-1].body)
	}
	return code
}

// A browser is one person's: it keeps cookies, reads pages, fills fields by
// their labels and presses buttons by their names.
type browser struct {
	w       *world
	t       tester
	jar     *cookiejar.Jar
	url     *url.URL
	status  int
	header  http.Header
	body    string
	page    *page.Page
	address string
	headers map[string]string // sent with every request
	host    string            // that it claims to ask; empty for the site's
	context context.Context   // of its requests; nil for one without an end

	seenCookie func(line string) // told of every Set-Cookie; nil for nobody
}

func (w *world) browser() *browser {
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(w.origin + "/")
	w.browsers++
	return &browser{w: w, t: w.t, jar: jar, url: u, address: fmt.Sprintf("203.0.%d.%d:4711", 113+w.browsers/200, 6+w.browsers%200), headers: map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}
}

// clone is a second browser with the same cookies: a stolen or an old one.
func (b *browser) clone() *browser {
	c := b.w.browser()
	c.jar.SetCookies(b.url, b.jar.Cookies(b.url))
	c.address = b.address
	c.url, c.body, c.status = b.url, b.body, b.status
	if b.page != nil {
		c.page = b.page.Clone()
	}
	return c
}

// request sends one request, without following where it leads.
func (b *browser) request(method, path string, form url.Values, headers map[string]string) *http.Response {
	b.t.Helper()
	u, err := b.url.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, u.String(), body)
	r.RemoteAddr = b.address
	if b.host != "" {
		r.Host = b.host
	}
	if b.context != nil {
		r = r.WithContext(b.context)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", b.w.origin)
	}
	for _, more := range []map[string]string{b.headers, headers} {
		for name, value := range more {
			r.Header.Set(name, value)
		}
	}
	for _, c := range b.jar.Cookies(u) {
		r.AddCookie(c)
	}
	recorder := httptest.NewRecorder()
	b.w.site.ServeHTTP(recorder, r)
	response := recorder.Result()
	b.jar.SetCookies(u, response.Cookies())
	for _, line := range response.Header["Set-Cookie"] {
		if b.seenCookie != nil {
			b.seenCookie(line)
		}
	}
	for _, channel := range auth.Channels {
		select {
		case <-b.w.rules.Queued(channel):
			b.w.deliver() // at once, so that letters come in the order of what they tell of
		default:
		}
	}
	return response
}

// alone sends one request and reads its answer, as a browser that keeps nothing of it.
func (b *browser) alone(method, path string, form url.Values) *browser {
	b.t.Helper()
	return b.ask(method, path, form).read()
}

// ask is alone, with the answer's text not yet read as a page.
func (b *browser) ask(method, path string, form url.Values) *browser {
	b.t.Helper()
	other := *b
	response := other.request(method, path, form, nil)
	text, _ := io.ReadAll(response.Body)
	other.status, other.header, other.body, other.page = response.StatusCode, response.Header, string(text), nil
	return &other
}

// read reads the answer's text as a page.
func (b *browser) read() *browser {
	b.page, _ = page.Read(strings.NewReader(b.body))
	return b
}

// load sends a request and follows where it leads, as browsers do.
func (b *browser) load(method, path string, form url.Values) *browser {
	b.t.Helper()
	for range 6 {
		response := b.request(method, path, form, nil)
		b.url, _ = b.url.Parse(path)
		b.status, b.header = response.StatusCode, response.Header
		text, _ := io.ReadAll(response.Body)
		b.body = string(text)
		if to := response.Header.Get("Location"); to != "" {
			method, path, form = http.MethodGet, to, nil
			continue
		}
		read, err := page.Read(strings.NewReader(b.body))
		if err != nil {
			b.t.Fatal(err)
		}
		b.page = read
		return b
	}
	b.t.Fatalf("%s leads round in circles", path)
	return b
}

// open loads an address.
func (b *browser) open(path string) *browser {
	b.t.Helper()
	return b.load(http.MethodGet, path, nil)
}

// sees checks the page's heading.
func (b *browser) sees(h1 string) *browser {
	b.t.Helper()
	if got := b.page.Heading(); got != h1 {
		b.t.Fatalf("%s: sees %q (%d), want %q\n%s", b.url, got, b.status, h1, b.text())
	}
	return b
}

// reads checks that the page says something.
func (b *browser) reads(words string) *browser {
	b.t.Helper()
	if !strings.Contains(b.text(), words) {
		b.t.Fatalf("%s: does not say %q:\n%s", b.url, words, b.text())
	}
	return b
}

// readsNot checks that it does not.
func (b *browser) readsNot(words string) *browser {
	b.t.Helper()
	if strings.Contains(b.text(), words) {
		b.t.Fatalf("%s: says %q:\n%s", b.url, words, b.text())
	}
	return b
}

// refused checks the status and that the page carries an error summary.
func (b *browser) refused(status int) *browser {
	b.t.Helper()
	title := b.page.Find("title").Text()
	if b.status != status || b.page.Find("[role=alert]").Length() == 0 || !strings.HasPrefix(title, "Error: ") {
		b.t.Fatalf("%s: %d %q, want %d and an error summary:\n%s", b.url, b.status, title, status, b.text())
	}
	return b
}

// text is what stands on the page, its pieces apart from one another.
func (b *browser) text() string { return b.page.Text() }

func clean(s string) string { return page.Clean(s) }

// field finds the field of a label.
func (b *browser) field(label string) *goquery.Selection {
	b.t.Helper()
	return b.found(b.page.Field(label))
}

func (b *browser) found(on *goquery.Selection, err error) *goquery.Selection {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v:\n%s", b.url, err, b.text())
	}
	return on
}

// fill types into the field of a label; a checkbox is ticked.
func (b *browser) fill(label, value string) *browser {
	b.t.Helper()
	if err := b.page.Fill(label, value); err != nil {
		b.t.Fatalf("%s: %v:\n%s", b.url, err, b.text())
	}
	return b
}

// button finds a button by its name.
func (b *browser) button(name string) *goquery.Selection {
	b.t.Helper()
	return b.found(b.page.Button(name))
}

// form is what pressing a button would post, and where to.
func (b *browser) form(button *goquery.Selection) (path string, values url.Values) {
	action, values := b.page.Form(button)
	return cmp.Or(action, b.url.String()), values
}

// press posts the form of a button.
func (b *browser) press(name string) *browser {
	b.t.Helper()
	path, values := b.form(b.button(name))
	return b.load(http.MethodPost, path, values)
}

// has reports whether the page has a button or link of that name.
func (b *browser) has(name string) bool { return b.page.Has(name) }

// link finds a link by its name.
func (b *browser) link(name string) *goquery.Selection {
	b.t.Helper()
	return b.found(b.page.Link(name))
}

// follow opens a link by its name.
func (b *browser) follow(name string) *browser {
	b.t.Helper()
	return b.open(b.link(name).AttrOr("href", ""))
}

// cookie is the raw value of the site's cookie.
func (b *browser) cookie() string {
	for _, c := range b.jar.Cookies(b.url) {
		if c.Name == "__Host-twostep" {
			return c.Value
		}
	}
	return ""
}

const (
	ann      = "ann@example.org"
	password = "seven purple turtles"
	number   = "+14155552671"
)

// signUp makes an account and leaves the browser signed in.
func (b *browser) signUp(email string) *browser {
	b.t.Helper()
	b.open("/sign-up").sees("Sign up")
	b.fill("Email address", email).fill("Password", password).press("Continue").sees("Verify your email")
	return b.fill("Code", b.w.code(email)).press("Verify").sees("Account")
}

// firstStep proves address and password.
func (b *browser) firstStep(email string) *browser {
	b.t.Helper()
	b.open("/sign-in").sees("Sign in")
	return b.fill("Email address", email).fill("Password", password).press("Continue")
}

// app computes the code of an authenticator app now.
func (w *world) app(key string) string {
	w.t.Helper()
	code, err := appCode(key, w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func appCode(key string, at time.Time) (string, error) {
	return totp.GenerateCode(strings.ReplaceAll(key, " ", ""), at)
}

var keyText = regexp.MustCompile(`\b[A-Z2-7]{4}( [A-Z2-7]{4}){7}\b`)

// addApp enrols an authenticator app as the first factor and returns its key
// and the backup codes.
func (b *browser) addApp() (key string, codes []string) {
	b.t.Helper()
	b.open("/account/manage-mfa/add").sees("Add TOTP MFA")
	key = keyText.FindString(b.text())
	b.press("Verify").sees("Verify TOTP")
	b.fill("Enter the code from your authentication app", b.w.app(key)).press("Verify code").sees("Backup codes")
	codes = b.codes()
	b.press("Finish").sees("Success!")
	b.w.wait(30 * time.Second) // the step that proved the app is spent
	return key, codes
}

// facts is all that an account consists of, to see that nothing changed.
func (w *world) facts() string {
	w.t.Helper()
	file, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	var facts strings.Builder
	for _, table := range []string{"users", "totp", "phones", "backup_code_sets", "backup_codes", "notice_emails", "email_enrolments"} {
		rows, err := file.Query("SELECT * FROM " + table)
		if err != nil {
			w.t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				w.t.Fatal(err)
			}
			facts.WriteString(table)
			for _, value := range values {
				fmt.Fprintf(&facts, " %v", *value.(*any))
			}
			facts.WriteString("\n")
		}
		rows.Close()
	}
	return facts.String()
}

// mustChange does what an operator does who asks for a new password.
func (w *world) mustChange(email string) {
	w.t.Helper()
	w.write("UPDATE users SET must_change = 1 WHERE email = $1", email)
}

// disable does what an operator does who disables an account.
func (w *world) disable(email string) {
	w.t.Helper()
	w.write("UPDATE users SET disabled_at = 1 WHERE email = $1", email)
}

// write changes the database behind the site's back.
func (w *world) write(query string, args ...any) {
	w.t.Helper()
	file, err := sql.Open("sqlite", "file:"+w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Exec(query, args...); err != nil {
		w.t.Fatal(err)
	}
}

// count reads a number from the database.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	file, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	if err := file.QueryRow(query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// reverify proves anew, by the app or, without one, by the password, where the
// site asks for it.
func (b *browser) reverify(key string) *browser {
	b.t.Helper()
	b.sees("Verification required")
	if key == "" {
		return b.fill("Password", password).press("Continue")
	}
	b.w.wait(30 * time.Second) // a step that was not used yet
	return b.fill("Code", b.w.app(key)).press("Verify")
}

var backupCode = regexp.MustCompile(`\b[2-9a-z]{4}(-[2-9a-z]{4}){3}\b`)

// codes are the backup codes on the page.
func (b *browser) codes() []string {
	b.t.Helper()
	codes := backupCode.FindAllString(b.text(), -1)
	if len(codes) != 10 {
		b.t.Fatalf("%d backup codes:\n%s", len(codes), b.text())
	}
	return codes
}

// addPhone proves a number and leaves the browser on "Phone added".
func (b *browser) addPhone(number string) *browser {
	b.t.Helper()
	b.open("/account/add-phone").sees("Add phone")
	b.fill("Enter phone number", number).press("Continue").sees("Verify phone")
	b.w.wait(time.Second) // the oldest phone is the default: no two are as old
	return b.fill("Enter code", b.w.code(number)).press("Verify").sees("Phone added")
}
