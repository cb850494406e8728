package engine

import (
	"fmt"
	"testing"
)

func TestCheckServer(t *testing.T) {
	for _, c := range []struct {
		version  int
		encoding string
		ok       bool
	}{
		{postgresVersionMin, "UTF8", true},
		{postgresVersionMin - 1, "UTF8", false},
		{postgresVersionMin, "SQL_ASCII", false},
	} {
		if err := checkServer(c.version, c.encoding); (err == nil) != c.ok {
			t.Errorf("PostgreSQL %d, %s: %v", c.version, c.encoding, err)
		}
	}
}

// What a URL sets is not replaced by a default.
func TestParsePostgresURL(t *testing.T) {
	for settings, want := range map[string]string{
		"": "5s twostep off",
		"?connect_timeout=9&application_name=first&jit=on": "9s first on",
	} {
		config, err := parsePostgresURL("postgres://db.example/twostep" + settings)
		must(t, err)
		keepPrepared(config)
		if got := fmt.Sprintf("%v %s %s", config.ConnectTimeout, config.RuntimeParams["application_name"], config.RuntimeParams["jit"]); got != want {
			t.Errorf("%q: %s, want %s", settings, got, want)
		}
	}
}
