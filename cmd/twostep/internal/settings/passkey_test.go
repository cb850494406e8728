package settings

import (
	"net/url"
	"testing"
)

func TestParsePasskeyDomain(t *testing.T) {
	for _, row := range []struct{ origin, value, want string }{
		{"https://id.example.org", "", "id.example.org"},
		{"https://id.example.org", "id.example.org", "id.example.org"},
		{"https://id.example.org", "Example.org", "example.org"},
		{"https://id.example.org", "org", ""},
		{"https://id.example.org", "ample.org", ""},
		{"https://id.example.org", "www.example.org", ""},
		{"https://127.0.0.1", "0.0.1", ""},
		{"http://localhost:8080", "", "localhost"},
	} {
		origin, err := url.Parse(row.origin)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parsePasskeyDomain(origin)(row.value)
		if got != row.want || (err != nil) != (row.want == "") {
			t.Errorf("%s with %q: %q, %v; want %q", row.origin, row.value, got, err, row.want)
		}
	}
}

func TestSupportsPasskeys(t *testing.T) {
	for text, want := range map[string]bool{
		"https://id.example.org": true, "http://localhost:8080": true, "http://id.example.org": false, "https://192.0.2.1": false,
		"http://127.0.0.1:8080": false, "https://[::1]": false,
	} {
		origin, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := SupportsPasskeys(origin); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
