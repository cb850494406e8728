package handlers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/auth/oidc"
	"twostep/db"
	"twostep/handlers"
	"twostep/views"
)

// A tester is a *testing.T, a *testing.F or a *rapid.T.
type tester interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Error(args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// A testSite is the whole site over a database. The test sets its clock, and its
// couriers append to a slice.
type testSite struct {
	t         tester
	rules     *auth.Rules
	store     *db.Store
	file      string // of an SQLite database
	postgres  string // the URL of a PostgreSQL database used instead; empty for none
	keys      auth.Keyring
	policy    auth.Policy
	handler   http.Handler
	origin    string
	log       *logBuffer
	mu        sync.Mutex
	now       time.Time
	delivered []message

	apps        *oidc.Provider
	accessRules string // of forward auth; empty for none
	admins      []netip.Prefix
	forwardAuth http.Handler

	browserCount int // each browser has an IP address of its own

	hasher    *auth.Hasher
	hashSlots int
	hashCost  auth.Cost
	proxies   []netip.Prefix // trusted ones

	courierDown bool
	rejects     func(auth.Message) bool // whether the provider rejects a message for good; nil if never

	requestTimeout time.Duration              // zero for none
	faulty         *faultyStore               // used in place of store; nil if no faults are injected
	meanwhile      func()                     // called before the next password is spent
	wrap           func(*db.Store) auth.Store // returns what is used in place of store; nil for none
}

// A message is an email or SMS as its recipient reads it.
type message struct{ channel, to, subject, body string }

// A logBuffer keeps what the program logs.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newSite starts a site; changes adapt its policy.
func newSite(t *testing.T, changes ...func(*auth.Policy)) *testSite {
	t.Helper()
	return newSiteIn(t, t.TempDir(), changes...)
}

// newSiteIn is newSite with its database in the given folder.
func newSiteIn(t tester, folder string, changes ...func(*auth.Policy)) *testSite {
	t.Helper()
	site := newTestSite(t)
	site.file = filepath.Join(folder, "twostep.db")
	site.openStore()
	site.restart(changes...)
	return site
}

// newTestSite returns a site that is not started and has no database yet.
func newTestSite(t tester) *testSite {
	return &testSite{
		t: t, keys: auth.NewKeyring(), origin: "https://id.example.org", log: &logBuffer{},
		now: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), hashSlots: 4, hashCost: auth.Cost{Memory: 64, Passes: 1, Lanes: 1},
		policy: auth.Policy{
			Name: "Acme", Host: "id.example.org", Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode},
			SignUpOpen: true, PasswordMin: auth.PasswordMinSingleFactor, CodeLifetime: 10 * time.Minute,
			SessionLifetime: 24 * time.Hour, SessionIdle: time.Hour, Region: "US", SMSBudget: 1000,
			Reauth: auth.ReauthPresets["strict"], ActivityRetention: 365 * 24 * time.Hour,
		},
	}
}

func (site *testSite) openStore() {
	site.t.Helper()
	store, err := db.OpenSQLite(context.Background(), site.file, site.keys)
	if err != nil {
		site.t.Fatal(err)
	}
	site.t.Cleanup(func() {
		site.wantEventsLogged(store)
		store.Close()
	})
	site.store = store
}

// wantEventsLogged checks that every audit event of a request was logged (LG-01), unless the
// test has broken the database.
func (site *testSite) wantEventsLogged(store *db.Store) {
	unlogged := map[auth.EventType]int{}
	for q, more := (auth.AuditQuery{}), true; more; more = q.Before != "" {
		page, err := store.FindAudit(context.Background(), q, auth.ExportPage)
		if err != nil || site.faulty != nil {
			return
		}
		for _, e := range page.Entries {
			if e.IP != "" {
				unlogged[e.Type]++
			}
		}
		q.Before = page.Next
	}
	for event, n := range unlogged {
		if n -= strings.Count(site.log.String(), " event="+string(event)+" "); n > 0 {
			site.t.Errorf("%d events %s were not logged", n, event)
		}
	}
}

// closeStore closes the database while the program is running.
func (site *testSite) closeStore() {
	site.t.Helper()
	if err := site.store.Close(); err != nil {
		site.t.Fatal(err)
	}
}

// restart starts the program again with the same data and other settings.
func (site *testSite) restart(changes ...func(*auth.Policy)) {
	policy := site.policy
	for _, change := range changes {
		change(&policy)
	}
	site.hasher = auth.NewHasher(site.hashCost, site.hashSlots)
	var store auth.Store = site.store
	if site.faulty != nil {
		store = site.faulty
	}
	if site.meanwhile != nil {
		store = &meanwhileStore{site.store, site}
	}
	if site.wrap != nil {
		store = site.wrap(site.store)
	}
	site.rules = auth.New(store, site.keys, site.hasher, policy, site.clock)
	u, _ := url.Parse(site.origin)
	site.apps = oidc.New(site.store, site.rules, site.origin)
	config := handlers.Config{
		Apps: site.apps, Version: "v1.2.3",
		Name: policy.Name, URL: u, TrustedProxies: site.proxies, AdminNetworks: site.admins, RequestTimeout: site.requestTimeout, Log: slog.New(slog.NewTextHandler(site.log, nil)),
		Metrics: handlers.Metrics{ObserveRequest: site.wantKnownReason},
	}
	if site.accessRules != "" {
		rules, err := access.Parse(site.accessRules)
		if err != nil {
			site.t.Fatal(err)
		}
		inForce := &access.InForce{Rules: rules, File: "rules", Since: site.clock(), Asked: true}
		config.Access = func() *access.InForce { return inForce }
		site.forwardAuth = handlers.NewForwardAuth(site.rules, config)
	}
	site.handler = handlers.New(site.rules, site.keys, config)
}

func (site *testSite) clock() time.Time {
	site.mu.Lock()
	defer site.mu.Unlock()
	return site.now
}

// wantKnownReason checks that metrics have the reason of a refused request from the start.
func (site *testSite) wantKnownReason(r handlers.ServedRequest) {
	if known := rejections[r.Route]; r.Reason != "" && known != nil && !slices.Contains(known, r.Reason) {
		site.t.Errorf("metrics do not know the reason %q of %s", r.Reason, r.Route)
	}
}

var rejections = handlers.Rejections()

// wait advances the clock.
func (site *testSite) wait(d time.Duration) {
	site.mu.Lock()
	defer site.mu.Unlock()
	site.now = site.now.Add(d)
}

// deliver sends the messages that are due.
func (site *testSite) deliver() {
	site.t.Helper()
	for _, channel := range auth.Channels {
		if _, failed, err := site.rules.Deliver(context.Background(), channel, site.send); err != nil || len(failed) > 0 && !site.courierDown && site.rejects == nil {
			site.t.Fatal(err, failed)
		}
	}
}

func (site *testSite) send(_ context.Context, m auth.Message) error {
	text := views.NewRenderer("Acme", site.origin, "", views.Links{}).Message(m)
	site.mu.Lock()
	defer site.mu.Unlock()
	if site.courierDown {
		return errors.New("provider unavailable")
	}
	if site.rejects != nil && site.rejects(m) {
		return auth.ErrRejected
	}
	site.delivered = append(site.delivered, message{string(m.Channel), m.To, text.Subject, text.Text})
	return nil
}

// messages returns the messages sent to an email address or phone number so far.
func (site *testSite) messages(to string) (found []message) {
	site.t.Helper()
	site.deliver()
	site.mu.Lock()
	defer site.mu.Unlock()
	for _, m := range site.delivered {
		if m.to == to {
			found = append(found, m)
		}
	}
	return found
}

func lastBody(messages []message) string {
	if len(messages) == 0 {
		return ""
	}
	return messages[len(messages)-1].body
}

func allBodies(messages []message) (all string) {
	for _, m := range messages {
		all += m.body
	}
	return all
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// lastCode returns the code in the last message sent to a recipient.
func (site *testSite) lastCode(to string) string {
	site.t.Helper()
	body := lastBody(site.messages(to))
	code := sixDigits.FindString(body)
	if code == "" {
		site.t.Fatalf("no code in the last message to %s: %q", to, body)
	}
	return code
}

// totpCode returns the code an authenticator app shows now.
func (site *testSite) totpCode(key string) string {
	site.t.Helper()
	code, err := totpCodeAt(key, site.clock())
	if err != nil {
		site.t.Fatal(err)
	}
	return code
}

func totpCodeAt(key string, at time.Time) (string, error) {
	return totp.GenerateCode(strings.ReplaceAll(key, " ", ""), at)
}

// wrongTOTPCode returns a code that is not valid within two steps of now.
func (site *testSite) wrongTOTPCode(key string) string {
	site.t.Helper()
	near := map[string]bool{}
	for step := -2; step <= 2; step++ {
		code, err := totpCodeAt(key, site.clock().Add(time.Duration(step)*30*time.Second))
		if err != nil {
			site.t.Fatal(err)
		}
		near[code] = true
	}
	for i := 0; ; i++ {
		if code := fmt.Sprintf("%06d", i); !near[code] {
			return code
		}
	}
}

func (site *testSite) openDatabase(options string) (*sql.DB, error) {
	if site.postgres != "" {
		return sql.Open("pgx", site.postgres)
	}
	return sql.Open("sqlite", "file:"+site.file+options)
}

// withDatabase opens the database past the store.
func (site *testSite) withDatabase(options string, do func(*sql.DB) error) {
	site.t.Helper()
	file, err := site.openDatabase(options)
	if err != nil {
		site.t.Fatal(err)
	}
	defer file.Close()
	if err := do(file); err != nil {
		site.t.Fatal(err)
	}
}

const readOnly = "?_pragma=query_only(1)"

// exec changes the database directly.
func (site *testSite) exec(query string, args ...any) {
	site.t.Helper()
	site.withDatabase("", func(file *sql.DB) error {
		_, err := file.Exec(query, args...)
		return err
	})
}

// queryInt reads a number from the database.
func (site *testSite) queryInt(query string, args ...any) (n int) {
	site.t.Helper()
	site.withDatabase(readOnly, func(file *sql.DB) error { return file.QueryRow(query, args...).Scan(&n) })
	return n
}

// limitCount returns the number of rate limits with a count.
func (site *testSite) limitCount() int {
	site.t.Helper()
	return site.queryInt("SELECT count(*) FROM rate_limits")
}

func (site *testSite) clearLimits() {
	site.t.Helper()
	site.exec("DELETE FROM rate_limits")
}

// tableRows calls do with the values of each row.
func (site *testSite) tableRows(table string, do func(values []any)) {
	site.t.Helper()
	site.withDatabase(readOnly, func(file *sql.DB) error {
		rows, err := file.Query("SELECT * FROM " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, _ := rows.Columns()
		for rows.Next() {
			values, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				if targets[i] = &values[i]; table == "users" && columns[i] == "seen_at" {
					targets[i] = new(any) // every page sets it, so values has nil
				}
			}
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			do(values)
		}
		return rows.Err()
	})
}

// accountData returns all rows that an account consists of, to check that nothing changed.
func (site *testSite) accountData() string {
	site.t.Helper()
	var data strings.Builder
	for _, table := range []string{"users", "account_groups", "totp", "phones", "backup_code_sets", "backup_codes", "notice_emails", "email_enrolments"} {
		site.tableRows(table, func(values []any) {
			data.WriteString(table)
			for _, value := range values {
				fmt.Fprintf(&data, " %v", value)
			}
			data.WriteString("\n")
		})
	}
	return data.String()
}

// wantAccountData checks that accountData has not changed.
func (site *testSite) wantAccountData(want string) {
	site.t.Helper()
	if got := site.accountData(); got != want {
		site.t.Errorf("account data changed:\n%s\nwant\n%s", got, want)
	}
}

// requirePasswordChange does what the operator's command does.
func (site *testSite) requirePasswordChange(email string) {
	site.t.Helper()
	site.exec("UPDATE users SET must_change = 1 WHERE email = $1", email)
}

// disable disables an account, as the operator's command does.
func (site *testSite) disable(email string) {
	site.t.Helper()
	site.exec("UPDATE users SET disabled_at = 1 WHERE email = $1", email)
}

// accountID returns the account of an email address.
func (s *testSite) accountID(email string) auth.UserID {
	s.t.Helper()
	user, err := s.rules.AccountID(context.Background(), email)
	if err != nil {
		s.t.Fatalf("find %s: %v", email, err)
	}
	return user
}

// operate acts as a command on the account of an email address.
func (s *testSite) operate(action auth.OperatorAction, email string) (done bool, err error) {
	user, err := s.rules.AccountID(context.Background(), email)
	if err != nil {
		return false, err
	}
	return s.rules.Operate(context.Background(), auth.Operator{}, action, user)
}
