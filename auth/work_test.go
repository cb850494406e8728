package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// TestSameWork counts hashes: an unknown email address, a wrong password, a disabled
// account and a correct password cost one each, a sign-up one whether or not the address
// is taken, a reset none, and a request that has to wait none (FF-04, FF-03, RC-01,
// RL-09).
func TestSameWork(t *testing.T) {
	ctx, now := context.Background(), time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	keys := auth.NewKeyring()
	store, err := db.OpenSQLite(ctx, filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cost := auth.Cost{Memory: 64, Passes: 1, Lanes: 1}
	hasher, hashes := auth.CountingHasher(t, cost)
	policy := auth.Policy{
		Name: "Acme", SignUpOpen: true, PasswordMin: auth.PasswordMinSingleFactor, CodeLifetime: 10 * time.Minute,
		SessionLifetime: time.Hour, SessionIdle: time.Hour, Reauth: auth.ReauthPresets["strict"], SMSBudget: 1,
	}
	const password = "seven purple turtles"
	for _, name := range []string{"ann", "dis"} {
		email, err := auth.ParseEmail(name + "@example.org")
		if err != nil {
			t.Fatal(err)
		}
		hash, err := auth.NewHasher(cost, 1).Hash(ctx, password)
		if err != nil {
			t.Fatal(err)
		}
		user := auth.AddUser{User: auth.User{ID: auth.UserID(name), Email: email, PasswordHash: hash, PasskeyHandle: auth.NewPasskeyHandle()}, CreatedAt: now}
		if err := store.Apply(ctx, auth.ChangeSet{User: auth.UserID(name), At: now, Changes: []auth.Change{user}}); err != nil {
			t.Fatal(err)
		}
	}
	rules := auth.New(&disabling{Store: store, user: "dis"}, keys, hasher, policy, func() time.Time { return now })

	signIn := func(email, password string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.SignIn(ctx, v, email, password, ""); return err }
	}
	signUp := func(email string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.SignUp(ctx, v, email, password, ""); return err }
	}
	forgot := func(email string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.ForgotPassword(ctx, v, email, ""); return err }
	}
	for i, row := range []struct {
		name   string
		do     func(auth.Client) error
		times  int
		hashes int
		reason auth.Reason
	}{
		{"unknown email address", signIn("nob@example.org", password), 1, 1, auth.InvalidCredentials},
		{"wrong password", signIn("ann@example.org", "wrong wrong wrong"), 1, 1, auth.InvalidCredentials},
		{"disabled, wrong", signIn("dis@example.org", "wrong wrong wrong"), 1, 1, auth.InvalidCredentials},
		{"disabled, correct", signIn("dis@example.org", password), 1, 1, auth.InvalidCredentials},
		{"correct password", signIn("ann@example.org", password), 1, 1, ""},
		{"a new email address", signUp("eve@example.org"), 1, 1, ""},
		{"a taken email address", signUp("ann@example.org"), 1, 1, ""},
		{"a reset without an account", forgot("nob@example.org"), 1, 0, ""},
		{"a reset of an account", forgot("dis@example.org"), 1, 0, ""},
		{"unknown, six more", signIn("nob@example.org", password), 6, 4, auth.TooManyAttempts},
		{"known, seven wrong", signIn("ann@example.org", "wrong wrong wrong"), 7, 5, auth.TooManyAttempts},
		{"disabled, six more", signIn("dis@example.org", password), 6, 3, auth.TooManyAttempts},
		{"correct, but waiting", signIn("ann@example.org", password), 1, 0, auth.TooManyAttempts},
	} {
		before := hashes()
		client := auth.Client{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i))}
		for range row.times {
			err = row.do(client)
		}
		var p *auth.Problem
		if errors.As(err, &p); err != nil && p == nil {
			t.Fatal(err)
		}
		reason := auth.Reason("")
		if p != nil {
			reason = p.Reason
		}
		if got := hashes() - before; got != row.hashes || reason != row.reason {
			t.Errorf("%s: %d hashes and %q, want %d and %q", row.name, got, reason, row.hashes, row.reason)
		}
	}
}

// disabling is a store whose operator has disabled an account.
type disabling struct {
	auth.Store
	user auth.UserID
}

func (d *disabling) FindUserByEmail(ctx context.Context, key string) (auth.User, error) {
	user, err := d.Store.FindUserByEmail(ctx, key)
	user.Disabled = user.ID == d.user && err == nil
	return user, err
}

// TestWithoutCookie_NoQuery: a visitor without a cookie costs no query.
func TestWithoutCookie_NoQuery(t *testing.T) {
	f := newFlow(t)
	f.use(nil) // a query would panic
	_, session := f.Session(f.ctx, "")
	_, hostSession := f.HostSession(f.ctx, "app.example.org", "")
	_, attempt := f.Attempt(f.ctx, "")
	for _, err := range []error{session, hostSession, attempt} {
		if !errors.Is(err, auth.ErrNotFound) {
			t.Error(err)
		}
	}
	_, err := f.Factors(f.ctx, "")
	f.must(err)
	f.must(f.SignOut(f.ctx, ""))
	f.must(f.StartOver(f.ctx, ""))
	_, err = f.Verify(f.ctx, f.client(), "", "123456", false)
	f.problem(err, auth.FormExpired)
}
