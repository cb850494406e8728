package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

// TestCheckNewPassword: length in code points (PW-01, PW-02, PW-03), no composition
// rules (PW-04), common passwords (PW-06) and those derived from the email address or
// the product's name (PW-08), each with its own reason (PW-09).
func TestCheckNewPassword(t *testing.T) {
	r := rulesOf(Policy{Name: "Twostep", PasswordMin: PasswordMinSingleFactor}, time.Unix(0, 0))
	email := Email{Typed: "Quillbert@acme-corp.org", Key: "quillbert@acme-corp.org"}
	for password, want := range map[string]Reason{
		"":                     PasswordMissing,
		"fourteen chars":       PasswordShort,
		"fifteen letters":      "",
		"onlylowercasele":      "",
		strings.Repeat("é", 7): PasswordShort,
		"ééàèùçñöüßåæøłđ":      "",
		"🐢🦊🐙🦉":                 PasswordShort,
		"🐢🦊🐙🦉🐝🐌🦋🐞🦂🕷🐊🐅🐆🦓🦍":                        "",
		"correct horse battery staple":           "",
		strings.Repeat("x1 y2 z3 ", 7) + "w":     "",
		strings.Repeat("ab cd ef gh ij k", 16):   "",
		strings.Repeat("ab cd ef gh ij k", 17):   PasswordLong,
		"passwordpassword":                       PasswordCommon,
		"123456789012345":                        PasswordCommon,
		"my password is a purple walrus":         "",
		"twostep--------":                        PasswordPersonal,
		"quillbert-quillbert":                    PasswordPersonal,
		"Qu1llb3rtQuillbert":                     PasswordPersonal,
		"quillbert@acme-corp.org":                PasswordPersonal,
		"acme82692689286":                        PasswordPersonal,
		"org-82692689286":                        PasswordPersonal,
		"twostep-abcd-29":                        PasswordPersonal,
		"twostep-abcde-2":                        "",
		"acmecorp.2024.!":                        PasswordPersonal,
		"twostep keeps my turtles safe at night": "",
	} {
		err := r.checkNewPassword(password, email)
		var got Reason
		if p := (*Problem)(nil); errors.As(err, &p) {
			got = p.Reason
		}
		if got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
}

// TestHasher: a new salt each time, no truncation, NFC and nothing else (PW-03, PW-05,
// ST-01, ST-02).
func TestHasher(t *testing.T) {
	h, ctx := NewHasher(cheap, 1), context.Background()
	long := strings.Repeat("long and dull ", 18)
	hash, err := h.Hash(ctx, long+"é")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := h.Hash(ctx, long+"é")
	if again == hash {
		t.Error("two hashes of one password are the same")
	}
	for password, want := range map[string]bool{
		long + "é": true, long + "e\u0301": true, long + "e": false, strings.ToUpper(long) + "é": false, "": false,
	} {
		if matches, weak, err := h.Check(ctx, hash, password); matches != want || weak || err != nil {
			t.Errorf("%q: %v, weak %v, %v", password, matches, weak, err)
		}
	}
	ligature, _ := h.Hash(ctx, "ﬁfteen or sixteen")
	if matches, _, _ := h.Check(ctx, ligature, "fifteen or sixteen"); matches {
		t.Error("a ligature became two letters")
	}
	if matches, _, err := h.Check(ctx, "", "anything"); matches || err != nil {
		t.Errorf("no account: %v, %v", matches, err)
	}
	stronger := NewHasher(Cost{Memory: 128, Passes: 1, Lanes: 1}, 1)
	if matches, weak, err := stronger.Check(ctx, hash, long+"é"); !matches || !weak || err != nil {
		t.Errorf("a weaker hash: %v, weak %v, %v", matches, weak, err)
	}
	for _, broken := range []string{
		"x", hash + "$", hash[:len(hash)-4], hash + "AAAA", strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "v=19", "v=16", 1),
		strings.Replace(hash, "t=1", "t=0", 1), strings.Replace(hash, "p=1", "p=0", 1), strings.Replace(hash, "p=1", "p=1,", 1),
	} {
		if matches, _, err := h.Check(ctx, broken, "x"); matches || err == nil {
			t.Errorf("%q was parsed as a hash", broken)
		}
	}
	if DefaultCost.Memory < 19456 || DefaultCost.Passes < 2 {
		t.Error("the default cost is below OWASP's minimum (ST-01)")
	}
}

// TestHasher_CostMax: a stored hash is computed up to the maximum cost (RL-09).
func TestHasher_CostMax(t *testing.T) {
	for _, test := range []struct {
		cost Cost
		want bool
	}{
		{Cost{HashMemoryMax, 1, 1}, true},
		{Cost{HashMemoryMax + 1, 1, 1}, false},
		{Cost{HashMemoryMax, HashWorkMax / HashMemoryMax, HashLanesMax}, true},
		{Cost{HashMemoryMax, HashWorkMax/HashMemoryMax + 1, 1}, false},
		{Cost{64, 1, HashLanesMax + 1}, false},
	} {
		if _, _, _, err := parsePHC(phc(test.cost, nil, make([]byte, tagBytes))); (err == nil) != test.want {
			t.Errorf("%+v: %v", test.cost, err)
		}
	}
}

// TestHasher_QueueFull: a full queue is refused instead of growing (RL-09).
func TestHasher_QueueFull(t *testing.T) {
	h, ctx := NewHasher(cheap, 1), context.Background()
	h.slots <- struct{}{} // another hash
	h.waiting.Store(HashQueue)
	_, err := h.Hash(ctx, "one more")
	var p *Problem
	if !errors.As(err, &p) || p.Reason != Busy || p.Wait == 0 {
		t.Errorf("the queue is full: %v", err)
	}
	h.waiting.Store(HashQueue - 1)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := h.Hash(cancelled, "disconnected"); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that disconnected: %v", err)
	}
	if h.waiting.Load() != HashQueue-1 {
		t.Errorf("%d are in the queue", h.waiting.Load())
	}
}

// TestParseEmail specifies how email addresses are compared (FF-06).
func TestParseEmail(t *testing.T) {
	for typed, want := range map[string]string{
		"ann@example.org":        "ann@example.org",
		" Ann@EXAMPLE.org ":      "ann@example.org",
		"A+b@example.org":        "a+b@example.org",
		"ann@bücher.example":     "ann@xn--bcher-kva.example",
		"Jose\u0301@example.org": "josé@example.org",
		"ann@localhost":          "ann@localhost",
		"AZ@example.org":         "az@example.org",
		strings.Repeat("a", EmailMaxBytes-5) + "@b.de": strings.Repeat("a", EmailMaxBytes-5) + "@b.de",
		"": "", "ann": "", "@example.org": "", "ann@": "", "ann@exa mple.org": "",
		"ann@@example.org": "", "a b@example.org": "", "ann@example.org\r\nBcc: x@y.z": "",
		"Ann <ann@example.org>": "", "\"a b\"@example.org": "", "ann@-example.org": "", "ann@example..org": "",
		"İann@example.org": "İann@example.org", "i\u0307ann@example.org": "i\u0307ann@example.org", "ÄNN@example.org": "Änn@example.org", // nobody else's
		"a\u200bnn@example.org": "", "a\u00adnn@example.org": "", "\ufeffann@example.org": "", "an\u2060n@example.org": "", "ann\u200d@example.org": "",
		"ann\ufe0f@example.org": "", "\u3164@example.org": "", "a\u034fnn@example.org": "", "ann@ex\u200bample.org": "", "ann@ex\u00adample.org": "",
		"<script>@example.org": "", strings.Repeat("a", EmailMaxBytes-4) + "@b.de": "",
	} {
		got, err := ParseEmail(typed)
		if got.Key != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got.Key, err, want)
		}
	}
}

func TestEmail_Mailbox(t *testing.T) {
	for key, want := range map[string]string{
		"ann@example.org": "ann@example.org", "ann+shop+x@example.org": "ann@example.org", "+ann@example.org": "+ann@example.org", "ann@b+c.example": "ann@b+c.example",
	} {
		if got := (Email{Key: key}).Mailbox(); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}
