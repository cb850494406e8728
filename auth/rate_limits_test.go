package auth

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestBackoff: five free failures, then waits that double from 30 seconds to an hour, and
// a lock after a hundred (RL-01, RL-02, RL-07).
func TestBackoff(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	failures := Backoff{}
	for _, row := range limits {
		if b, ok := row.limiter.(Backoff); ok {
			failures = b
		}
	}
	var c Count
	for n := 1; n <= 100; n++ {
		next, allowed := failures.Next(c, now)
		if !allowed || next.N != n {
			t.Fatalf("failure %d: %+v, allowed %v", n, next, allowed)
		}
		c = next
		want := time.Duration(0)
		if n >= 5 {
			want = min(30*time.Second<<min(n-5, 10), time.Hour)
		}
		if got := max(c.ReadyAt.Sub(now), 0); got != want {
			t.Fatalf("after failure %d: wait %v, want %v", n, got, want)
		}
		if want > 0 {
			if again, allowed := failures.Next(c, now.Add(want-time.Millisecond)); allowed || again != c {
				t.Fatalf("request %d was allowed before its wait had ended", n+1)
			}
			now = now.Add(want)
		}
	}
	if _, allowed := failures.Next(c, now.AddDate(10, 0, 0)); allowed {
		t.Fatal("request 101 was allowed")
	}
}

// TestWindow: Max requests in the time that starts with the first one.
func TestWindow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	w := Window{Max: 2, Per: time.Minute}
	c, first := w.Next(Count{}, now)
	c, second := w.Next(c, now.Add(time.Second))
	refused, third := w.Next(c, now.Add(59*time.Second))
	if !first || !second || third {
		t.Fatalf("allowed %v %v %v", first, second, third)
	}
	if !refused.ReadyAt.Equal(now.Add(time.Minute)) {
		t.Errorf("ready at %v", refused.ReadyAt)
	}
	if c, allowed := w.Next(c, now.Add(time.Minute)); !allowed || c.N != 1 {
		t.Errorf("the next window: %+v, %v", c, allowed)
	}
}

// TestCount_Rebase: after the clock is set back the count is kept and no wait is longer
// than before (RL-02).
func TestCount_Rebase(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	before := Count{N: 7, Since: now, ReadyAt: now.Add(2 * time.Minute)}
	for jump, want := range map[time.Duration]bool{time.Hour: false, 0: false, -time.Second: true, -365 * 24 * time.Hour: true} {
		c, changed := before.Rebase(now.Add(jump))
		if changed != want || c.N != 7 || c.ReadyAt.Sub(c.Since) != 2*time.Minute || c.Since.After(now.Add(jump)) {
			t.Errorf("%v: %+v, changed %v", jump, c, changed)
		}
	}
	if c, _ := (Count{N: 1, Since: now}).Rebase(now.Add(-time.Hour)); !c.ReadyAt.IsZero() {
		t.Errorf("a wait was added: %v", c.ReadyAt)
	}
}

// TestSubjects_From: an IPv4 address counts by itself, an IPv6 address by its /64
// (RL-04).
func TestSubjects_From(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "unknown",
	} {
		parsed, _ := netip.ParseAddr(address)
		if got := (subjects{}).from(Client{IP: parsed})[ByIP]; len(got) != 1 || got[0] != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}

// TestLimits: every action has the limits that are required (RL-01, RL-02, RL-04,
// RL-08, SM-07).
func TestLimits(t *testing.T) {
	r := &Rules{policy: Policy{SMSBudget: 7}}
	keys := map[string]bool{}
	for _, action := range []Action{ActionSignIn, ActionSignUp, ActionReset, ActionVerify, ActionGuess, ActionAlarm, ActionSendCode, ActionSendMail, ActionSendSMS, ActionEnrolSMS, ActionAddPhone, ActionAccount, ActionDrawQR, ActionNotify, ActionNotice, ActionSummary} {
		all := r.limits(action, subjects{ByFactor: {"f"}, ByMailed: {"m"}, ByAccount: {"a"}, ByRecipient: {"r"}, ByIP: {"n"}})
		if len(all) == 0 {
			t.Errorf("%s has no limit", action)
		}
		for _, limit := range all {
			if keys[limit.Key] {
				t.Errorf("two limits count under %s", limit.Key)
			}
			keys[limit.Key] = true
			if _, is := limit.Limiter.(smsBudget); is || limit.Reason == "" {
				t.Errorf("%s: %+v", action, limit)
			}
		}
	}
	for key, want := range map[string]bool{"sign_in/ip/1m0s/n": true, "verify/ip/1m0s/n": true, "failures/f": true, "send_sms/global/24h0m0s/sent": true} {
		if keys[key] != want {
			t.Errorf("nothing counts under %s", key)
		}
	}
	if n := len(r.limits(ActionSendCode, subjects{ByRecipient: {"r"}})); n != 3 {
		t.Errorf("%d limits of one recipient", n)
	}
}

// TestLimitKey: no text that a user enters has the key of another count, and no key
// contains it.
func TestLimitKey(t *testing.T) {
	r := &Rules{policy: Policy{SMSBudget: 7}}
	names := [][]string{
		{"ann@example.com"},
		{"known/ann@example.com"},
		deviceCounter("ann@example.com", true),
		{"known", "known/ann@example.com"},
		{"ann"},
		{"known/ann"},
		deviceCounter("ann", true),
		{"/ann"},
		{""},
		{"", "ann"},
		{"=ann"},
		{"ann\x00"},
		{"ann", "known"},
		{limitKey("ann@example.com")},
		{"password/ann@example.com"},
		failureCounter(Password, "ann@example.com", false), failureCounter(Password, "ann", false),
	}
	keys := map[string]int{}
	for i, name := range names {
		for _, limit := range append(r.limits(ActionSendCode, subjects{ByRecipient: name}), r.limits(ActionVerify, subjects{ByFactor: name})...) {
			if other, taken := keys[limit.Key]; taken {
				t.Errorf("%q and %q are both counted as %s", name, names[other], limit.Key)
			}
			keys[limit.Key] = i
			if strings.ContainsAny(limit.Key, "@\x00") || len(limit.Key) > 150 {
				t.Errorf("%q is counted as %q", name, limit.Key)
			}
		}
	}
	if key := limitKey("failures", "password", "known", "ann"); key != "failures/password/known/ann" { // the store finds an account's counts by it
		t.Errorf("an account is counted as %s", key)
	}
}
