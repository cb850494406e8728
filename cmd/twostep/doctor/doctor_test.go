package doctor

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

func TestMain(m *testing.M) { os.Exit(cmdtest.Main(m)) }

// runDoctor runs the command and returns the result of each check.
func runDoctor(t *testing.T, args ...string) (code int, results map[string]string, output string) {
	t.Helper()
	var out, errs bytes.Buffer
	var commands struct {
		Doctor Command `cmd:""`
	}
	code = cli.Run(&commands, append([]string{"doctor"}, args...), cli.Streams{Out: &out, Err: &errs})
	results = map[string]string{}
	for line := range strings.Lines(out.String()) {
		result, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		check, _, found := strings.Cut(strings.TrimLeft(rest, " "), ": ")
		if !found || result != "ok" && result != "warn" && result != "FAIL" {
			t.Errorf("a line is %q", line)
		}
		results[check] = result
	}
	return code, results, out.String() + errs.String()
}

// allOK returns the results of a good installation.
func allOK() map[string]string {
	results := map[string]string{}
	for _, check := range []string{
		"configuration", "data folder", "keys", "database", "migrations", "encryption", "clock", "url", "passkeys", "sign-up", "proxies", "mail", "sms",
	} {
		results[check] = "ok"
	}
	return results
}

var goodFlags = []string{"--url=https://id.example.org", "--sign-up=closed", "--trusted-proxies=127.0.0.1", "--mail=file:mails", "--sms=file:texts"}

func TestDoctor(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()

	for name, c := range map[string]struct {
		make func(t *testing.T)
		args []string
		want map[string]string // if different from allOK; empty if the check does not run
	}{
		"good":             {},
		"folder open":      {func(t *testing.T) { cmdtest.Chmod(t, "data", 0o755) }, nil, map[string]string{"data folder": "FAIL"}},
		"database open":    {func(t *testing.T) { cmdtest.Chmod(t, "data/twostep.db", 0o640) }, nil, map[string]string{"data folder": "FAIL"}},
		"keys open":        {func(t *testing.T) { cmdtest.Chmod(t, "data/keys", 0o604) }, nil, map[string]string{"data folder": "FAIL", "keys": "FAIL"}},
		"keys missing":     {func(t *testing.T) { cmdtest.Rename(t, "data/keys", "moved") }, nil, map[string]string{"keys": "FAIL", "encryption": "FAIL"}},
		"keys moved":       {func(t *testing.T) { cmdtest.Rename(t, "data/keys", "moved") }, []string{"--keys=file:moved"}, nil},
		"other keys":       {func(t *testing.T) { cmdtest.WriteFile(t, "data/keys", auth.NewKeyring().String()) }, nil, map[string]string{"encryption": "FAIL"}},
		"not SQLite":       {func(t *testing.T) { cmdtest.WriteFile(t, "data/twostep.db", "hello") }, nil, map[string]string{"database": "FAIL", "migrations": "", "encryption": ""}},
		"bad value":        {nil, []string{"--url=nonsense"}, only("configuration", "FAIL")},
		"new signing keys": {func(t *testing.T) { addSigningKey(t, 0) }, nil, map[string]string{"signing keys": "ok"}},
		"old signing keys": {func(t *testing.T) { addSigningKey(t, auth.SigningKeyAge) }, nil, map[string]string{"signing keys": "warn"}},
		"unencrypted":      {nil, []string{"--url=http://id.example.org"}, map[string]string{"url": "FAIL", "passkeys": "warn"}},
		"local":            {nil, []string{"--url=http://localhost:8080"}, map[string]string{"url": "warn"}},
		"proxy missing":    {nil, []string{"--trusted-proxies=", "--listen=127.0.0.1:80"}, map[string]string{"proxies": "warn"}},
		"printed":          {nil, []string{"--mail=log:", "--sms=log:"}, map[string]string{"mail": "warn", "sms": "warn"}},
		"no such folder":   {nil, []string{"--mail=file:missing/mails"}, map[string]string{"mail": "FAIL"}},
		"provider up":      {nil, []string{"--mail=smtp://" + open.Addr().String()}, nil},
		"provider down":    {nil, []string{"--mail=smtp://" + closed.Addr().String()}, map[string]string{"mail": "FAIL"}},
		"webhook up":       {nil, []string{"--sms=webhook:http://" + open.Addr().String() + "/sms"}, nil},
		"webhook down":     {nil, []string{"--sms=webhook:http://" + closed.Addr().String() + "/sms"}, map[string]string{"sms": "FAIL"}},
		"forward auth":     {func(t *testing.T) { cmdtest.WriteFile(t, "rules", "a.example * / public") }, []string{"--forward-auth=:8081", "--access-rules=rules"}, map[string]string{"forward auth": "ok"}},
		"proxies unnamed":  {func(t *testing.T) { cmdtest.WriteFile(t, "rules", "a.example * / public") }, []string{"--forward-auth=:8081", "--access-rules=rules", "--trusted-proxies="}, map[string]string{"forward auth": "warn", "proxies": "warn"}},
		"no forward auth":  {func(t *testing.T) { cmdtest.WriteFile(t, "rules", "a.example * / public") }, []string{"--access-rules=rules"}, map[string]string{"forward auth": "warn"}},
		"faulty rules":     {func(t *testing.T) { cmdtest.WriteFile(t, "rules", "a.example * / pubic") }, []string{"--forward-auth=:8081", "--access-rules=rules"}, only("configuration", "FAIL")},
		"passkeys off":     {nil, []string{"--factors=totp"}, nil},
		"no backup codes":  {nil, []string{"--factors=passkey,totp"}, map[string]string{"passkeys": "warn"}},
		"IP address":       {nil, []string{"--url=https://192.0.2.1"}, map[string]string{"passkeys": "warn"}},
		"other domain":     {nil, []string{"--passkey-domain=example.net"}, only("configuration", "FAIL")},
		"moved":            {func(t *testing.T) { addPasskey(t, "old.example.org") }, nil, map[string]string{"passkeys": "warn"}},
		"with passkeys":    {func(t *testing.T) { addPasskey(t, "id.example.org") }, nil, nil},
		"sign-up open":     {nil, []string{"--sign-up=open"}, map[string]string{"sign-up": "warn"}},
		"sign-up local":    {nil, []string{"--sign-up=open", "--url="}, map[string]string{"url": "warn"}},
		"sign-up domains":  {nil, []string{"--sign-up=@acme.example"}, nil},
		"other folder":     {func(t *testing.T) { cmdtest.Chmod(t, ".", 0o700) }, []string{"--data=."}, map[string]string{"database": "FAIL", "keys": "warn", "migrations": "", "encryption": ""}},
		"before the start": {func(t *testing.T) { cmdtest.Rename(t, "data", "moved") }, nil, map[string]string{"data folder": "warn", "keys": "warn", "database": "FAIL", "migrations": "", "encryption": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			cmdtest.Isolate(t)
			cmdtest.CreateData(t, "")
			cmdtest.WithRules(t, func(rules *auth.Rules) {
				if err := rules.AddAccount(t.Context(), auth.Operator{}, "ann@example.org"); err != nil { // its mail is queued, encrypted
					t.Fatal(err)
				}
			})
			if c.make != nil {
				c.make(t)
			}
			before := cmdtest.Snapshot(t)
			code, results, output := runDoctor(t, append(append([]string{}, goodFlags...), c.args...)...)
			delete(results, "disk") // depends on the machine
			want, wantCode := allOK(), 0
			for check, result := range c.want {
				want[check] = result
				if result == "FAIL" {
					wantCode = 1
				}
				if result == "" {
					delete(want, check)
				}
			}
			if code != wantCode || fmt.Sprint(results) != fmt.Sprint(want) {
				t.Errorf("exit code %d and\n%s\nwant %d and %v", code, output, wantCode, want)
			}
			if after := cmdtest.Snapshot(t); after != before {
				t.Errorf("the folder changed from\n%sto\n%s", before, after)
			}
		})
	}
}

// addPasskey adds a passkey that was made for a domain to the account.
func addPasskey(t *testing.T, domain string) {
	t.Helper()
	store, _, err := datadir.Dir{Path: "data"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	email, err := auth.ParseEmail("ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	user, err := store.FindUserByEmail(t.Context(), email.Key)
	if err != nil {
		t.Fatal(err)
	}
	key := auth.PasskeyKey{Passkey: auth.Passkey{ID: "k", CredentialID: []byte("c"), RPID: domain, AddedAt: time.Now()}, PublicKey: []byte("p")}
	if err := store.Apply(t.Context(), auth.ChangeSet{User: user.ID, At: time.Now(), Changes: []auth.Change{auth.PutPasskey{PasskeyKey: key}}}); err != nil {
		t.Fatal(err)
	}
}

// TestDoctor_Passkeys: the operator is told how many passkeys were made for which other
// domain (PK-28).
func TestDoctor_Passkeys(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		if err := rules.AddAccount(t.Context(), auth.Operator{}, "ann@example.org"); err != nil {
			t.Fatal(err)
		}
	})
	addPasskey(t, "old.example.org")
	_, _, output := runDoctor(t, goodFlags...)
	if want := "1 passkey of accounts cannot be used at id.example.org: made for old.example.org"; !strings.Contains(output, want) {
		t.Errorf("%s\nwant %q", output, want)
	}
}

// addSigningKey adds a key of the given age.
func addSigningKey(t *testing.T, age time.Duration) {
	t.Helper()
	cmdtest.WithStore(t, func(store *db.Store, _ *auth.Rules) {
		key := oidc.SigningKey{ID: "key", Alg: oidc.ES256, Private: []byte("private"), Public: "{}", PublishedAt: time.Now().Add(-age), SignsFrom: time.Now().Add(-age)}
		if err := store.AddFirstSigningKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDoctor_Postgres: before the first start, after it, and without the keys.
func TestDoctor_Postgres(t *testing.T) {
	cmdtest.Isolate(t)
	database := cmdtest.EmptyDatabase(t)
	flags := append([]string{"--database=" + database}, goodFlags...)
	want := func(name string, wantCode int, different map[string]string) {
		t.Helper()
		code, results, output := runDoctor(t, flags...)
		results["disk"], different["disk"] = "", "" // depends on the machine
		for check, result := range different {
			if results[check] != result {
				t.Errorf("%s: %s is %q, want %q:\n%s", name, check, results[check], result, output)
			}
		}
		if code != wantCode {
			t.Errorf("%s: exit code %d:\n%s", name, code, output)
		}
	}
	want("before", 0, map[string]string{"keys": "warn", "database": "warn", "migrations": "", "encryption": ""})
	cmdtest.CreateData(t, database)
	want("started", 0, allOK())
	cmdtest.Rename(t, "data/keys", "moved")
	want("keys missing", 1, map[string]string{"keys": "warn", "database": "ok", "encryption": "FAIL"})
}

// only returns the result of one check that is the only one that runs.
func only(check, result string) map[string]string {
	results := allOK()
	for other := range results {
		results[other] = ""
	}
	results[check] = result
	return results
}

func TestDoctor_Clock(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		lastSeen, lastStep time.Time
		want               string
	}{
		"new site":          {want: "ok"},
		"past":              {past, past, "ok"},
		"session in future": {future, past, "FAIL"},
		"code in future":    {past, future, "warn"},
	} {
		var out bytes.Buffer
		r := report{out: &out, lastSeen: c.lastSeen, lastStep: c.lastStep}
		r.clock(t.Context())
		if !strings.HasPrefix(out.String(), c.want) || r.failed != (c.want == "FAIL") {
			t.Errorf("%s: %q", name, out.String())
		}
	}
}
