package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"twostep/auth"
	"twostep/db"
)

// A flow is the rules over a real database, with a clock that the test sets and a
// sender that keeps what was sent.
type flow struct {
	*auth.Rules
	t       *testing.T
	ctx     context.Context
	db      *db.Store
	keys    auth.Keyring
	policy  auth.Policy
	now     time.Time
	sent    []auth.Message
	clients int
	device  auth.Token // of a remembered device

	key        string     // of the last app
	token      auth.Token // of the last attempt at the second step
	backupCode string     // the first of the last set
}

const flowPassword = "seven purple turtles"

var flowCost = auth.Cost{Memory: 64, Passes: 1, Lanes: 1}

func newFlow(t *testing.T) *flow {
	t.Helper()
	f := &flow{
		t: t, ctx: t.Context(), keys: auth.NewKeyring(), now: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC),
		policy: auth.Policy{
			Name: "Acme", Host: "id.example.org", Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode},
			SignUpOpen: true, PasswordMin: auth.PasswordMinSingleFactor, CodeLifetime: 10 * time.Minute,
			SessionLifetime: 24 * time.Hour, SessionIdle: time.Hour, Region: "US", SMSBudget: 1000,
			Reauth: auth.ReauthPresets["strict"], ActivityRetention: 365 * 24 * time.Hour,
		},
	}
	store, err := db.OpenSQLite(f.ctx, filepath.Join(t.TempDir(), "twostep.db"), f.keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	f.db = store
	f.use(store)
	return f
}

// use puts the rules over another store.
func (f *flow) use(store auth.Store) {
	f.Rules = auth.New(store, f.keys, auth.NewHasher(flowCost, 4), f.policy, func() time.Time { return f.now })
}

// client returns a client with an IP address in a network of its own.
func (f *flow) client() auth.Client {
	f.clients++
	return auth.Client{IP: netip.AddrFrom4([4]byte{10, byte(f.clients >> 8), byte(f.clients), 7})}
}

func (f *flow) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// problem checks the reason of a problem; empty for no error.
func (f *flow) problem(err error, want auth.Reason) *auth.Problem {
	f.t.Helper()
	p := &auth.Problem{}
	if err != nil && !errors.As(err, &p) {
		f.t.Fatal(err)
	}
	if p.Reason != want {
		f.t.Fatalf("%q, want %q", p.Reason, want)
	}
	return p
}

func (f *flow) deliver() {
	f.t.Helper()
	for _, channel := range auth.Channels {
		_, _, err := f.Deliver(f.ctx, channel, func(_ context.Context, m auth.Message) error { f.sent = append(f.sent, m); return nil })
		f.must(err)
	}
}

// messages returns what was sent to somebody.
func (f *flow) messages(to string) []auth.Message {
	f.t.Helper()
	f.deliver()
	var all []auth.Message
	for _, m := range f.sent {
		if m.To == to {
			all = append(all, m)
		}
	}
	return all
}

// count counts the messages of one kind to somebody.
func (f *flow) count(to string, kind auth.MessageKind) (n int) {
	f.t.Helper()
	for _, m := range f.messages(to) {
		if m.Kind == kind {
			n++
		}
	}
	return n
}

// code returns the last code sent to somebody.
func (f *flow) code(to string) string {
	f.t.Helper()
	all := f.messages(to)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Code != "" {
			return all[i].Code
		}
	}
	f.t.Fatalf("no code was sent to %s", to)
	return ""
}

// signUp adds an account and returns its session and a client with its known device.
func (f *flow) signUp(email string) (auth.Session, auth.Client) {
	f.t.Helper()
	client := f.client()
	result, err := f.SignUp(f.ctx, client, email, flowPassword, "")
	f.must(err)
	result, err = f.Verify(f.ctx, client, result.Attempt, f.code(email), false)
	f.must(err)
	client.DeviceToken = result.Device
	return f.session(result), client
}

func (f *flow) session(result auth.Result) auth.Session {
	f.t.Helper()
	session, err := f.Session(f.ctx, result.Session)
	f.must(err)
	return session
}

// signIn signs in with the password, without a second factor.
func (f *flow) signIn(client auth.Client, email string) auth.Session {
	f.t.Helper()
	result, err := f.SignIn(f.ctx, client, email, flowPassword, "")
	f.must(err)
	return f.session(result)
}

// addTOTP adds an app and returns its key.
func (f *flow) addTOTP(client auth.Client, session auth.Session) (key string) {
	f.t.Helper()
	e, err := f.TOTPEnrolment(f.ctx, session)
	f.must(err)
	if e.Step() == auth.TOTPSuccess {
		f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPReset, ""))
		e, err = f.TOTPEnrolment(f.ctx, session)
		f.must(err)
	}
	key = e.KeyText()
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(key)))
	if codes, err := f.UnseenBackupCodes(f.ctx, session.User); err != nil || len(codes) > 0 {
		f.must(err)
		f.backupCode = codes[0]
		f.must(f.ConfirmBackupCodes(f.ctx, session.User))
	}
	return key
}

func (f *flow) totp(key string) string {
	f.t.Helper()
	code, err := totp.GenerateCode(key, f.now)
	f.must(err)
	return code
}

// addPhone adds a phone and makes it a second factor.
func (f *flow) addPhone(client auth.Client, session auth.Session, number string) auth.PhoneID {
	f.t.Helper()
	f.must(f.AddPhone(f.ctx, client, session, number))
	id, err := f.VerifyPhone(f.ctx, client, session, f.code(number))
	f.must(err)
	f.must(f.UsePhone(f.ctx, client, session, id))
	return id
}

// operate acts as a command on the account of an email address.
func (f *flow) operate(action auth.OperatorAction, email string) (done bool, err error) {
	user, err := f.AccountID(f.ctx, email)
	if err != nil {
		return false, err
	}
	return f.Operate(f.ctx, auth.Operator{}, action, user)
}

// forgot requests a password reset.
func (f *flow) forgot(client auth.Client, email string) auth.Token {
	f.t.Helper()
	result, err := f.ForgotPassword(f.ctx, client, email, "")
	f.must(err)
	return result.Attempt
}

// setPassword completes a password reset.
func (f *flow) setPassword(client auth.Client, token auth.Token, password string) {
	f.t.Helper()
	_, err := f.SetPassword(f.ctx, client, token, password)
	f.must(err)
}

// TestRateLimits_TypedKeys: requests for an address that looks like the key of another
// count do not use that count up.
func TestRateLimits_TypedKeys(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	_, known := f.signUp(ann)
	f.now = f.now.Add(time.Minute)
	for range 5 {
		f.forgot(f.client(), "known/"+ann)
		f.now = f.now.Add(30 * time.Second)
	}
	f.forgot(known, ann)

	for range 5 { // guesses at an address, whose count must not be that of an account's id
		_, err := f.SignIn(f.ctx, f.client(), fmt.Sprintf("known/%s", ann), "wrong wrong wrong", "")
		f.problem(err, auth.InvalidCredentials)
	}
	_, err := f.SignIn(f.ctx, f.client(), "known/"+ann, "wrong wrong wrong", "")
	f.problem(err, auth.TooManyAttempts)
	f.signIn(known, ann)
}

// asProblem returns the problem of an error; one without a reason if it is none.
func asProblem(err error) *auth.Problem {
	p := &auth.Problem{}
	errors.As(err, &p)
	return p
}
