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
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

func TestMain(m *testing.M) { os.Exit(cmdtest.Main(m)) }

// examined runs the word and returns its verdict of each thing.
func examined(t *testing.T, args ...string) (code int, verdicts map[string]string, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	var commands struct {
		Doctor Command `cmd:""`
	}
	code = cli.Run(&commands, append([]string{"doctor"}, args...), cli.Streams{Out: &out, Err: &errs})
	verdicts = map[string]string{}
	for line := range strings.Lines(out.String()) {
		verdict, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		what, _, found := strings.Cut(strings.TrimLeft(rest, " "), ": ")
		if !found || verdict != "ok" && verdict != "warn" && verdict != "FAIL" {
			t.Errorf("a line is %q", line)
		}
		verdicts[what] = verdict
	}
	return code, verdicts, out.String() + errs.String()
}

// sound is what the word says of a good installation.
func sound() map[string]string {
	verdicts := map[string]string{}
	for _, what := range []string{
		"configuration", "data folder", "keys", "database", "migrations", "encryption", "clock", "url", "proxies", "mail", "sms",
	} {
		verdicts[what] = "ok"
	}
	return verdicts
}

var soundFlags = []string{"--url=https://id.example.org", "--trusted-proxies=127.0.0.1", "--mail=file:mails", "--sms=file:texts"}

func TestDoctor(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	somebody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer somebody.Close()

	for name, c := range map[string]struct {
		make func(t *testing.T)
		args []string
		want map[string]string // beside what is sound; the code is 1 where a FAIL is among it
	}{
		"sound":            {},
		"folder open":      {func(t *testing.T) { cmdtest.Chmod(t, "data", 0o755) }, nil, map[string]string{"data folder": "FAIL"}},
		"database open":    {func(t *testing.T) { cmdtest.Chmod(t, "data/twostep.db", 0o640) }, nil, map[string]string{"data folder": "FAIL"}},
		"keys open":        {func(t *testing.T) { cmdtest.Chmod(t, "data/keys", 0o604) }, nil, map[string]string{"data folder": "FAIL", "keys": "FAIL"}},
		"keys gone":        {func(t *testing.T) { cmdtest.Rename(t, "data/keys", "away") }, nil, map[string]string{"keys": "FAIL", "encryption": "FAIL"}},
		"keys elsewhere":   {func(t *testing.T) { cmdtest.Rename(t, "data/keys", "away") }, []string{"--keys=file:away"}, nil},
		"other keys":       {otherKeys, nil, map[string]string{"encryption": "FAIL"}},
		"no database":      {func(t *testing.T) { cmdtest.WriteFile(t, "data/twostep.db", "hello") }, nil, map[string]string{"database": "FAIL", "migrations": "", "encryption": ""}},
		"bad value":        {nil, []string{"--url=nonsense"}, only("configuration", "FAIL")},
		"in the clear":     {nil, []string{"--url=http://id.example.org"}, map[string]string{"url": "FAIL"}},
		"local":            {nil, []string{"--url=http://localhost:8080"}, map[string]string{"url": "warn"}},
		"proxy forgotten":  {nil, []string{"--trusted-proxies=", "--listen=127.0.0.1:80"}, map[string]string{"proxies": "warn"}},
		"printed":          {nil, []string{"--mail=log:", "--sms=log:"}, map[string]string{"mail": "warn", "sms": "warn"}},
		"no such folder":   {nil, []string{"--mail=file:missing/mails"}, map[string]string{"mail": "FAIL"}},
		"provider there":   {nil, []string{"--mail=smtp://" + somebody.Addr().String()}, nil},
		"provider gone":    {nil, []string{"--mail=smtp://" + nobody.Addr().String()}, map[string]string{"mail": "FAIL"}},
		"webhook there":    {nil, []string{"--sms=webhook:http://" + somebody.Addr().String() + "/sms"}, nil},
		"webhook gone":     {nil, []string{"--sms=webhook:http://" + nobody.Addr().String() + "/sms"}, map[string]string{"sms": "FAIL"}},
		"before the start": {func(t *testing.T) { cmdtest.Rename(t, "data", "away") }, nil, map[string]string{"data folder": "warn", "keys": "warn", "database": "warn", "migrations": "", "encryption": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			cmdtest.Isolate(t)
			cmdtest.CreateData(t, "")
			cmdtest.WithRules(t, func(rules *auth.Rules) {
				if err := rules.AddAccount(t.Context(), "ann@example.org"); err != nil { // whose mail waits, sealed
					t.Fatal(err)
				}
			})
			if c.make != nil {
				c.make(t)
			}
			before := cmdtest.Snapshot(t)
			code, verdicts, said := examined(t, append(append([]string{}, soundFlags...), c.args...)...)
			delete(verdicts, "disk") // which is the machine's
			want, wantCode := sound(), 0
			for what, verdict := range c.want {
				want[what] = verdict
				if verdict == "FAIL" {
					wantCode = 1
				}
				if verdict == "" {
					delete(want, what)
				}
			}
			if code != wantCode || fmt.Sprint(verdicts) != fmt.Sprint(want) {
				t.Errorf("exit code %d and\n%s\nwant %d and %v", code, said, wantCode, want)
			}
			if after := cmdtest.Snapshot(t); after != before {
				t.Errorf("it changed\n%sto\n%s", before, after)
			}
		})
	}
}

// TestDoctor_Postgres: before the first start, after it, and where the first
// server's keys are missing.
func TestDoctor_Postgres(t *testing.T) {
	cmdtest.Isolate(t)
	database := cmdtest.EmptyDatabase(t)
	flags := append([]string{"--database=" + database}, soundFlags...)
	want := func(name string, wantCode int, beside map[string]string) {
		t.Helper()
		code, verdicts, said := examined(t, flags...)
		verdicts["disk"], beside["disk"] = "", "" // which is the machine's
		for what, verdict := range beside {
			if verdicts[what] != verdict {
				t.Errorf("%s: %s is %q, want %q:\n%s", name, what, verdicts[what], verdict, said)
			}
		}
		if code != wantCode {
			t.Errorf("%s: exit code %d:\n%s", name, code, said)
		}
	}
	want("before", 0, map[string]string{"keys": "warn", "database": "warn", "migrations": "", "encryption": ""})
	cmdtest.CreateData(t, database)
	want("begun", 0, sound())
	cmdtest.Rename(t, "data/keys", "away")
	want("keys missing", 1, map[string]string{"keys": "warn", "database": "ok", "encryption": "FAIL"})
}

// only is a verdict of one thing, and none of the others.
func only(what, verdict string) map[string]string {
	verdicts := sound()
	for other := range verdicts {
		verdicts[other] = ""
	}
	verdicts[what] = verdict
	return verdicts
}

func TestDoctor_Clock(t *testing.T) {
	for verdict, seen := range map[string]time.Time{"ok": {}, "FAIL": time.Now().Add(time.Hour)} {
		var out bytes.Buffer
		r := report{out: &out, lastSeen: seen}
		r.clock(t.Context())
		if !strings.HasPrefix(out.String(), verdict) || r.failed != (verdict == "FAIL") {
			t.Errorf("seen %v: %q", seen, out.String())
		}
	}
}

func otherKeys(t *testing.T) {
	t.Helper()
	cmdtest.WriteFile(t, "data/keys", auth.NewKeyring().String())
}
