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

// TestSameWork counts the runs of the hasher: an unknown address, a wrong
// password, a disabled account and a right password cost one each, a sign-up
// costs one whether or not the address is taken, a reset none whoever asks, and
// whoever has to wait costs none (FF-04, FF-03, RC-01, RL-09).
func TestSameWork(t *testing.T) {
	ctx, now := context.Background(), time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	keys := auth.NewKeyring()
	store, err := db.OpenSQLite(ctx, filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cost := auth.Cost{Memory: 64, Passes: 1, Lanes: 1}
	hasher, runs := auth.CountingHasher(t, cost)
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
		user := auth.AddUser{User: auth.User{ID: auth.UserID(name), Email: email, PasswordHash: hash}, CreatedAt: now}
		if err := store.Apply(ctx, auth.ChangeSet{User: auth.UserID(name), At: now, Changes: []auth.Change{user}}); err != nil {
			t.Fatal(err)
		}
	}
	rules := auth.New(&disabling{Store: store, user: "dis"}, keys, hasher, policy, func() time.Time { return now })

	signIn := func(email, with string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.SignIn(ctx, v, email, with, ""); return err }
	}
	signUp := func(email string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.SignUp(ctx, v, email, password); return err }
	}
	forgot := func(email string) func(auth.Client) error {
		return func(v auth.Client) error { _, err := rules.ForgotPassword(ctx, v, email); return err }
	}
	for i, row := range []struct {
		name  string
		do    func(auth.Client) error
		times int
		runs  int
		told  auth.Reason
	}{
		{"unknown address", signIn("nob@example.org", password), 1, 1, auth.InvalidCredentials},
		{"wrong password", signIn("ann@example.org", "wrong wrong wrong"), 1, 1, auth.InvalidCredentials},
		{"disabled, wrong", signIn("dis@example.org", "wrong wrong wrong"), 1, 1, auth.InvalidCredentials},
		{"disabled, right", signIn("dis@example.org", password), 1, 1, auth.InvalidCredentials},
		{"right password", signIn("ann@example.org", password), 1, 1, ""},
		{"a free address", signUp("eve@example.org"), 1, 1, ""},
		{"a taken address", signUp("ann@example.org"), 1, 1, ""},
		{"a reset for nobody", forgot("nob@example.org"), 1, 0, ""},
		{"a reset for somebody", forgot("dis@example.org"), 1, 0, ""},
		{"unknown, six more", signIn("nob@example.org", password), 6, 4, auth.TooManyAttempts},
		{"known, seven wrong", signIn("ann@example.org", "wrong wrong wrong"), 7, 5, auth.TooManyAttempts},
		{"disabled, six more", signIn("dis@example.org", password), 6, 3, auth.TooManyAttempts},
		{"right, but waiting", signIn("ann@example.org", password), 1, 0, auth.TooManyAttempts},
	} {
		before := runs()
		client := auth.Client{IP: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i))}
		for range row.times {
			err = row.do(client)
		}
		var p *auth.Problem
		if errors.As(err, &p); err != nil && p == nil {
			t.Fatal(err)
		}
		told := auth.Reason("")
		if p != nil {
			told = p.Reason
		}
		if got := runs() - before; got != row.runs || told != row.told {
			t.Errorf("%s: %d runs and %q, want %d and %q", row.name, got, told, row.runs, row.told)
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
