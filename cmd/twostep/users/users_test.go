package users

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/db"
)

// TestUser runs the commands one after the other: their output, their exit codes,
// and the message to the user for each change (RC-10, SE-10). A new database has no
// account, and no command accepts a password (PW-13).
func TestUser(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	want := func(wantCode int, part string, args ...string) {
		t.Helper()
		var out, err bytes.Buffer
		code := cli.Run(new(Command), args, cli.Streams{Out: &out, Err: &err})
		output := out.String() + err.String()
		if code != wantCode || !strings.Contains(output, part) || code != 0 && strings.Count(output, "\n") != 1 {
			t.Errorf("user %s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, output, wantCode, part)
		}
	}
	want(0, "", "list")
	var accounts bytes.Buffer
	if cli.Run(new(Command), []string{"list", "--json"}, cli.Streams{Out: &accounts, Err: &accounts}); accounts.Len() != 0 {
		t.Errorf("a new database has accounts: %s", accounts.String())
	}
	want(2, "--password", "add", "--password=chosen by another", "ann@example.org")
	want(0, "was added; the user gets an email", "add", "Ann@example.org")
	want(1, "already has an account", "add", "ANN@example.org")
	want(1, "is not an email address", "add", "nonsense")
	want(1, "nobody@example.org has no account", "show", "nobody@example.org")
	want(0, "Ann@example.org", "show", "ann@example.org")
	want(0, "is in: no group", "group", "ann@example.org")
	want(0, "is in: dev ops staff", "group", "ann@example.org", "--add=ops,staff", "--add", "dev")
	want(0, "is in: dev staff", "group", "ann@example.org", "--add=staff", "--remove=ops,ops,other")
	want(2, "is not a group", "group", "ann@example.org", "--add=Ops")
	want(2, "is not a group", "group", "ann@example.org", "--remove=ops_dev")
	want(2, "both", "group", "ann@example.org", "--add=ops", "--remove=ops")
	want(1, "has no account", "group", "nobody@example.org", "--add=ops")
	want(0, "dev staff", "show", "ann@example.org")
	want(0, `"groups":["dev","staff"]`, "list", "--json")
	want(0, "second email address  none", "show", "ann@example.org")
	want(0, `"apps":[]`, "show", "--json", "ann@example.org")
	connectApp(t, "ann@example.org")
	want(0, "connected app         Wiki (since 20", "show", "ann@example.org")
	want(0, `"name":"Wiki","since":"20`, "show", "--json", "ann@example.org")
	want(0, `"recovery":null,"recovered":false`, "show", "--json", "ann@example.org")
	requestRecovery(t, "ann@example.org")
	want(0, "recovery              requested 20", "show", "ann@example.org")
	want(0, `"by":""},"recovered":false`, "show", "--json", "ann@example.org")
	want(0, "has no second factor now", "reset-mfa", "ann@example.org")
	want(0, `"recovery":null,"recovered":false`, "show", "--json", "ann@example.org")
	want(1, "no second factor", "reset-mfa", "ann@example.org")
	want(0, "must change", "reset-password", "--at-next-sign-in", "ann@example.org")
	want(0, "invited", "list")
	want(0, "/forgot-password", "reset-password", "ann@example.org")
	want(1, "has no wait and no lock; nothing was changed", "unlock", "ann@example.org")
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		for range 5 {
			_, _ = rules.SignIn(t.Context(), auth.Client{}, "ann@example.org", "a wrong password", "")
		}
	})
	want(0, "password has to wait on new devices until 20", "show", "ann@example.org")
	want(0, `"backup_codes":0,"notice_email":"","waits":[{"factor":"password","known_devices":false,"until":"20`, "show", "--json", "ann@example.org")
	want(0, "try again", "unlock", "ann@example.org")
	want(0, `"waits":[]`, "show", "--json", "ann@example.org")
	want(0, "signed out", "sign-out", "ann@example.org")
	want(0, "disabled", "disable", "ann@example.org")
	want(1, "already disabled", "disable", "ann@example.org")
	want(0, "can sign in", "enable", "ann@example.org")
	want(2, "must be one of", "role", "ann@example.org", "owner")
	want(0, "has the role admin", "role", "ann@example.org", "admin")
	want(1, "has that role already", "role", "ann@example.org", "admin")
	want(0, `"role":"admin"`, "list", "--json")
	want(1, "is the only admin", "disable", "ann@example.org")
	want(1, "is the only admin", "delete", "--yes", "ann@example.org")
	want(0, "has the role none", "role", "ann@example.org", "none")
	want(2, "--yes", "delete", "ann@example.org")
	want(0, "was deleted", "delete", "--yes", "ann@example.org")
	want(1, "has no account", "delete", "--yes", "ann@example.org")
	want(2, "--data", "list", "--data=nowhere")
	if _, err := os.Stat("nowhere"); err == nil {
		t.Error("a mistyped --data created a folder")
	}

	sent := map[auth.MessageKind]int{}
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		_, _, err := rules.Deliver(context.Background(), auth.ByEmail, func(_ context.Context, m auth.Message) error {
			sent[m.Kind]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if sent[auth.MessageInvitation] != 1 {
		t.Errorf("%d invitations, want 1", sent[auth.MessageInvitation])
	}
	for _, event := range []auth.EventType{
		auth.OperatorMustChange, auth.OperatorResetPassword, auth.OperatorUnlocked,
		auth.OperatorSignedOut, auth.OperatorDisabled, auth.OperatorEnabled, auth.OperatorDeleted,
	} {
		if sent[auth.MessageKind(event)] != 1 {
			t.Errorf("%d messages for %s, want 1", sent[auth.MessageKind(event)], event)
		}
	}
}

// TestUserList lists more accounts than one page of the query has, each once.
func TestUserList(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	const accounts = 2*auth.AccountsPage + 7
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		for i := range accounts {
			if err := rules.AddAccount(context.Background(), auth.Operator{}, fmt.Sprintf("person%04d@example.org", i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	var out, errs bytes.Buffer
	if code := cli.Run(new(Command), []string{"list", "--json"}, cli.Streams{Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, line := range lines {
		var a row
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Email != fmt.Sprintf("person%04d@example.org", i) || a.State != "invited" {
			t.Fatalf("line %d is %s (%v)", i, line, err)
		}
	}
	if len(lines) != accounts {
		t.Errorf("%d accounts are listed, of %d", len(lines), accounts)
	}
}

// connectApp signs an account in to an app.
func connectApp(t *testing.T, email string) {
	t.Helper()
	cmdtest.WithStore(t, func(store *db.Store, rules *auth.Rules) {
		ctx, now := t.Context(), time.Now()
		user, err := rules.AccountID(ctx, email)
		must(t, err)
		app, _, err := oidc.New(store, rules, "").AddApp(ctx, auth.Operator{}, oidc.App{
			Name: "Wiki", Kind: oidc.Web, Alg: oidc.ES256, RedirectURIs: []string{"https://wiki.example/callback"}, RefreshIdle: 1, RefreshLifetime: 1,
		})
		must(t, err)
		session := auth.BeginSession{Session: auth.Session{ID: "session", TokenHash: "token", User: user, CreatedAt: now, StartedAt: now, SeenAt: now}}
		must(t, store.Apply(ctx, auth.ChangeSet{User: user, At: now, Changes: []auth.Change{session}}))
		_, _, err = store.IssueCode(ctx, nil, oidc.Issue{
			Grant: oidc.Grant{ID: "grant", App: app, User: user, Session: "session", AuthTime: now, CreatedAt: now, ExpiresAt: now},
			Code:  oidc.Code{Hash: "code", ExpiresAt: now}, Changes: auth.ChangeSet{User: user, At: now},
		})
		must(t, err)
	})
}

// requestRecovery adds an app to an account, and a recovery.
func requestRecovery(t *testing.T, email string) {
	t.Helper()
	cmdtest.WithStore(t, func(store *db.Store, rules *auth.Rules) {
		user, err := rules.AccountID(t.Context(), email)
		must(t, err)
		now := time.Now()
		must(t, store.Apply(t.Context(), auth.ChangeSet{User: user, At: now, Changes: []auth.Change{
			auth.PutTOTP{TOTPKey: auth.TOTPKey{User: user, Secret: []byte("a key of twenty byte"), AddedAt: now}},
			auth.AddRecovery{Recovery: auth.Recovery{ID: "r", User: user, RequestedAt: now, DueAt: now.Add(72 * time.Hour)}, LastBefore: now},
		}}))
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
