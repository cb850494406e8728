package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"twostep/auth/passkeytest"
)

var exampleParty = relyingParty{id: "example.org", origin: "https://example.org"}

const (
	createOptions = `{"challenge":"Y2hhbGxlbmdlIG9mIGEgcGFnZQ","rp":{"id":"example.org"},"user":{"id":"dXNlcg"},
		"pubKeyCredParams":[{"alg":-7},{"alg":-8},{"alg":-257}]}`
	getOptions = `{"challenge":"Y2hhbGxlbmdlIG9mIGEgcGFnZQ","rpId":"example.org","allowCredentials":[{"id":"%s"}]}`
)

func create(t testing.TB, d *passkeytest.Device) string {
	t.Helper()
	posted, err := d.Create(createOptions, exampleParty.origin)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

func get(t testing.TB, d *passkeytest.Device) string {
	t.Helper()
	all := d.Passkeys()
	posted, err := d.Get(fmt.Sprintf(getOptions, base64URL(all[len(all)-1].ID)), exampleParty.origin)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

func verifies(posted string, key []byte) error {
	a, err := parseAssertion(posted, exampleParty)
	if err != nil {
		return err
	}
	return a.verify(key, exampleParty)
}

// TestPasskeyVectors runs the test vectors of W3C WebAuthn Level 3, section 16. Those of
// another algorithm and of a page in a frame of another site are refused (PK-27).
func TestPasskeyVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/webauthn-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Section, Title, Refused, ID string
		Create, Get                 map[string]string
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		posted := func(response map[string]string) string {
			text, _ := json.Marshal(map[string]any{"id": v.ID, "rawId": v.ID, "type": "public-key", "response": response})
			return string(text)
		}
		made, err := parseRegistration(posted(v.Create), exampleParty)
		if (err != nil) != (v.Refused != "") {
			t.Errorf("section %s %s: %v", v.Section, v.Title, err)
		}
		if err != nil {
			continue
		}
		if base64URL(made.challenge).String() != v.Create["challenge"] || base64URL(made.credentialID).String() != v.ID {
			t.Errorf("section %s %s: another challenge or credential ID", v.Section, v.Title)
		}
		if err := verifies(posted(v.Get), made.publicKey); err != nil {
			t.Errorf("section %s %s: %v", v.Section, v.Title, err)
		}
	}
	if len(vectors) < 13 {
		t.Errorf("%d vectors", len(vectors))
	}
}

// TestPasskeyResponse_Algorithms registers and signs with each algorithm (PK-09).
func TestPasskeyResponse_Algorithms(t *testing.T) {
	for _, algorithm := range passkeyAlgorithms {
		d := &passkeytest.Device{Algorithm: algorithm, Verifies: true, Synced: true, Counts: true}
		made, err := parseRegistration(create(t, d), exampleParty)
		if err != nil {
			t.Fatalf("algorithm %d: %v", algorithm, err)
		}
		if !made.userVerified || !made.backupEligible || !made.backedUp || made.signCount != 0 || !slices.Equal(made.transports, []string{"internal", "hybrid"}) {
			t.Errorf("algorithm %d: registered %+v", algorithm, made)
		}
		a, err := parseAssertion(get(t, d), exampleParty)
		if err != nil {
			t.Fatalf("algorithm %d: %v", algorithm, err)
		}
		if err := a.verify(made.publicKey, exampleParty); err != nil {
			t.Errorf("algorithm %d: %v", algorithm, err)
		}
		if a.signCount != 1 || string(a.userHandle) != "user" || !bytes.Equal(a.credentialID, made.credentialID) {
			t.Errorf("algorithm %d: asserted %+v", algorithm, a.passkeyResponse)
		}
		other := &passkeytest.Device{Algorithm: algorithm}
		otherKey, err := parseRegistration(create(t, other), exampleParty)
		if err != nil || a.verify(otherKey.publicKey, exampleParty) == nil {
			t.Errorf("algorithm %d: another key verifies the signature (%v)", algorithm, err)
		}
	}
}

// TestPasskeyResponse_Refused changes one thing in responses before they are signed: the
// ceremony, origin, frame, site and flags (PK-04, PK-05, PK-06, PK-12).
func TestPasskeyResponse_Refused(t *testing.T) {
	set := func(name string, value any) func(*passkeytest.Response) {
		return func(r *passkeytest.Response) { r.ClientData[name] = value }
	}
	for name, tamper := range map[string]func(*passkeytest.Response){
		"other ceremony":       set("type", "webauthn.other"),
		"upper case origin":    set("origin", "HTTPS://EXAMPLE.ORG"),
		"origin with port":     set("origin", "https://example.org:443"),
		"origin with path":     set("origin", "https://example.org/"),
		"origin over http":     set("origin", "http://example.org"),
		"subdomain":            set("origin", "https://evil.example.org"),
		"no origin":            set("origin", ""),
		"in a frame":           set("crossOrigin", true),
		"top origin":           set("topOrigin", "https://example.org"),
		"challenge not base64": set("challenge", "a challenge"),
		"padded challenge":     set("challenge", "YQ=="),
		"challenge of a line":  set("challenge", "YWJj\n"),
		"nested":               set("extra", json.RawMessage(strings.Repeat("[", 20)+strings.Repeat("]", 20))),
		"other site":           func(r *passkeytest.Response) { r.RPIDHash = rpIDHash("example.com") },
		"nobody present":       func(r *passkeytest.Response) { r.Flags &^= passkeytest.UserPresent },
		"backed up, not eligible": func(r *passkeytest.Response) {
			r.Flags |= passkeytest.BackedUp
		},
		"no credential ID":   func(r *passkeytest.Response) { r.ID = nil },
		"long credential ID": func(r *passkeytest.Response) { r.ID = make([]byte, CredentialIDMax+1) },
		"huge": func(r *passkeytest.Response) {
			r.ClientData["extra"] = strings.Repeat("x", PasskeyResponseMax)
		},
	} {
		d := &passkeytest.Device{Verifies: true}
		made, err := parseRegistration(create(t, d), exampleParty)
		if err != nil {
			t.Fatal(err)
		}
		d.Tamper = tamper
		if err := verifies(get(t, d), made.publicKey); err == nil {
			t.Errorf("%s: assertion is accepted", name)
		}
		if _, err := parseRegistration(create(t, d), exampleParty); err == nil {
			t.Errorf("%s: registration is accepted", name)
		}
	}
}

// TestPasskeyRegistration_Key refuses keys that were not asked for, and an ID that
// differs from the attested one (PK-09, PK-10).
func TestPasskeyRegistration_Key(t *testing.T) {
	publicKey := func(edit func(key []byte) []byte) func(*passkeytest.Response) {
		return func(r *passkeytest.Response) {
			start := 16 + 2 + len(r.ID)
			r.Attested = append(slices.Clone(r.Attested[:start]), edit(r.Attested[start:])...)
		}
	}
	replace := func(key []byte) func(*passkeytest.Response) {
		return publicKey(func([]byte) []byte { return key })
	}
	ed25519, err := parseRegistration(create(t, &passkeytest.Device{Algorithm: passkeytest.EdDSA}), exampleParty)
	if err != nil {
		t.Fatal(err)
	}
	ed25519.publicKey[4] = 0x32
	for name, tamper := range map[string]func(*passkeytest.Response){
		"other ID":              func(r *passkeytest.Response) { r.ID = []byte("other") },
		"point off the curve":   publicKey(func(key []byte) []byte { key[len(key)-1] ^= 1; return key }),
		"ES384":                 publicKey(func(key []byte) []byte { key[4] = 0x38; return slices.Insert(key, 5, 34) }),
		"ESP256":                publicKey(func(key []byte) []byte { key[4] = 0x28; return key }),
		"Ed25519":               replace(ed25519.publicKey), // as an algorithm, not as the curve of EdDSA
		"RSA with 1024 bits":    replace(passkeytest.RSAKey(1024, 65537)),
		"RSA with 8192 bits":    replace(passkeytest.RSAKey(8192, 65537)),
		"RSA with exponent 3":   replace(passkeytest.RSAKey(2048, 3)),
		"no key":                replace(nil),
		"text instead of a key": replace([]byte{0x61, 'k'}),
		"deep nesting":          replace(append(bytes.Repeat([]byte{0x81}, 5000), 0)),
		"huge length":           replace([]byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
	} {
		d := &passkeytest.Device{Tamper: tamper}
		if _, err := parseRegistration(create(t, d), exampleParty); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good := &passkeytest.Device{Tamper: replace(passkeytest.RSAKey(4096, 65537))}
	if _, err := parseRegistration(create(t, good), exampleParty); err != nil {
		t.Errorf("RSA with 4096 bits: %v", err)
	}
}

// TestNoKey: the signature of an unknown passkey is verified with a real key, which takes as
// long as that of a known one (PK-18).
func TestNoKey(t *testing.T) {
	if err := checkPublicKey(noKey); err != nil {
		t.Error(err)
	}
}

// TestPasskeyResponse_Limits: a response is accepted at each limit, and refused above it (PK-15).
func TestPasskeyResponse_Limits(t *testing.T) {
	d := &passkeytest.Device{}
	create(t, d)
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	tampered := func(tamper func(*passkeytest.Response)) string {
		d.Tamper = tamper
		defer func() { d.Tamper = nil }()
		return get(t, d)
	}
	for over := range 2 {
		posted := get(t, d)
		for name, posted := range map[string]string{
			"length": posted + strings.Repeat(" ", PasskeyResponseMax+over-len(posted)),
			"levels": strings.Replace(posted, `{`, `{"new":`+nested(PasskeyNestingMax-1+over)+`,`, 1),
			"levels of client data": tampered(func(r *passkeytest.Response) {
				r.ClientData["new"] = json.RawMessage(nested(PasskeyNestingMax - 1 + over))
			}),
			"credential ID": tampered(func(r *passkeytest.Response) { r.ID = make([]byte, CredentialIDMax+over) }),
		} {
			if _, err := parseAssertion(posted, exampleParty); (err == nil) != (over == 0) {
				t.Errorf("%s, %d over the limit: %v", name, over, err)
			}
		}
	}
}

// TestPasskeyResponse_Transports keeps the known ones, each once.
func TestPasskeyResponse_Transports(t *testing.T) {
	posted := regexp.MustCompile(`"transports":\[[^]]*\]`).ReplaceAllString(create(t, &passkeytest.Device{}), `"transports":["usb","pigeon","usb","nfc"]`)
	made, err := parseRegistration(posted, exampleParty)
	if want := []string{"usb", "nfc"}; err != nil || !slices.Equal(made.transports, want) {
		t.Errorf("%v, %v, want %v", made.transports, err, want)
	}
}

// TestPasskeyResponse_UnknownMembers adds what nobody asked for, of types that the
// library refuses (PK-16).
func TestPasskeyResponse_UnknownMembers(t *testing.T) {
	d := &passkeytest.Device{}
	add := func(posted string) string {
		return strings.Replace(posted, `{`, `{"clientExtensionResults":{"appid":"yes","credProps":7,"prf":[]},"authenticatorAttachment":null,"new":{"a":[1]},`, 1)
	}
	made, err := parseRegistration(add(create(t, d)), exampleParty)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifies(add(get(t, d)), made.publicKey); err != nil {
		t.Error(err)
	}
}

// TestPasskeyResponse_Garbage refuses what is no credential (PK-15).
func TestPasskeyResponse_Garbage(t *testing.T) {
	for _, posted := range []string{
		"", "null", "{}", "[]", `"id"`, "{", "\x00", `{"id":"YQ","rawId":"YQ","type":"public-key"}`, `{"id":"YQ","rawId":"YQ","type":"password","response":{}}`,
		`{"id":"YQ==","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"e30"}}`, `{"id":7}`, `{"response":[]}`,
		strings.Repeat(`{"response":`, 5000), strings.Repeat("[", PasskeyResponseMax), strings.Repeat("a", PasskeyResponseMax+1),
	} {
		if _, err := parseRegistration(posted, exampleParty); err == nil {
			t.Errorf("registration %.60q is accepted", posted)
		}
		if _, err := parseAssertion(posted, exampleParty); err == nil {
			t.Errorf("assertion %.60q is accepted", posted)
		}
	}
}

// TestPasskeyResponse_CBOR refuses an attestation object that is nested deeply or claims to be
// long, without the memory that it claims (PK-15).
func TestPasskeyResponse_CBOR(t *testing.T) {
	var credential postedCredential
	if err := json.Unmarshal([]byte(create(t, &passkeytest.Device{Verifies: true})), &credential); err != nil {
		t.Fatal(err)
	}
	for name, object := range map[string]string{
		"nested arrays": strings.Repeat("\x81", 8000), "nested maps": strings.Repeat("\xa1\x00", 4000), "nested tags": strings.Repeat("\xc1", 8000),
		"long bytes": "\x5b\x00\x00\x00\x00\x7f\xff\xff\xff", "long text": "\x7a\x7f\xff\xff\xff", "long array": "\x9a\x7f\xff\xff\xff",
		"long map": "\xbb\x00\x00\x00\x00\x7f\xff\xff\xff", "no end": "\xbf\x9f\x5f",
	} {
		credential.Response.AttestationObject = base64URL(object)
		posted, err := json.Marshal(credential)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = parseRegistration(string(posted), exampleParty)
		if runtime.ReadMemStats(&after); err == nil || after.TotalAlloc-before.TotalAlloc > 1<<20 {
			t.Errorf("%s: %v, with %d bytes", name, err, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

// FuzzPasskeyResponse parses anything: a response that is accepted is bounded, and
// nothing panics (PK-15).
func FuzzPasskeyResponse(f *testing.F) {
	for _, algorithm := range passkeyAlgorithms {
		d := &passkeytest.Device{Algorithm: algorithm, Verifies: true}
		f.Add(create(f, d))
		f.Add(get(f, d))
	}
	f.Fuzz(func(t *testing.T, posted string) {
		made, err := parseRegistration(posted, exampleParty)
		if err == nil && (len(made.credentialID) > CredentialIDMax || len(made.publicKey) > PasskeyResponseMax || checkPublicKey(made.publicKey) != nil) {
			t.Fatalf("registered %+v", made)
		}
		a, err := parseAssertion(posted, exampleParty)
		if err == nil && (len(a.credentialID) > CredentialIDMax || a.backedUp && !a.backupEligible) {
			t.Fatalf("asserted %+v", a.passkeyResponse)
		}
	})
}

// BenchmarkPasskeyAssertion measures what a sign-in costs.
func BenchmarkPasskeyAssertion(b *testing.B) {
	d := &passkeytest.Device{Verifies: true}
	made, err := parseRegistration(create(b, d), exampleParty)
	if err != nil {
		b.Fatal(err)
	}
	posted := get(b, d)
	for b.Loop() {
		if err := verifies(posted, made.publicKey); err != nil {
			b.Fatal(err)
		}
	}
}
