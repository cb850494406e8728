package auth

import (
	"net/netip"
	"testing"
	"time"
)

// TestBackoff: five free, then waits from 30 seconds doubling to an hour, and
// after a hundred in a row nothing more (RL-01, RL-02, RL-07).
func TestBackoff(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	failures := Backoff{}
	for _, row := range limits {
		if b, ok := row.limiter.(Backoff); ok {
			failures = b
		}
	}
	var c Count
	for try := 1; try <= 100; try++ {
		next, allowed := failures.Next(c, now)
		if !allowed || next.N != try {
			t.Fatalf("try %d: %+v, allowed %v", try, next, allowed)
		}
		c = next
		want := time.Duration(0)
		if try >= 5 {
			want = min(30*time.Second<<min(try-5, 10), time.Hour)
		}
		if got := max(c.ReadyAt.Sub(now), 0); got != want {
			t.Fatalf("after try %d: wait %v, want %v", try, got, want)
		}
		if want > 0 {
			if again, allowed := failures.Next(c, now.Add(want-time.Millisecond)); allowed || again != c {
				t.Fatalf("try %d came before its wait was over", try+1)
			}
			now = now.Add(want)
		}
	}
	if _, allowed := failures.Next(c, now.AddDate(10, 0, 0)); allowed {
		t.Fatal("try 101 was allowed")
	}
}

// TestWindow: so many in a stretch that starts with the first.
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
		t.Errorf("the next stretch: %+v, %v", c, allowed)
	}
}

// TestCount_SetBack: by a clock that was set back all that was counted stands,
// and no wait grows longer than it was (RL-02).
func TestCount_SetBack(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	before := Count{N: 7, Since: now, ReadyAt: now.Add(2 * time.Minute)}
	for jump, want := range map[time.Duration]bool{time.Hour: false, 0: false, -time.Second: true, -365 * 24 * time.Hour: true} {
		c, changed := before.Rebase(now.Add(jump))
		if changed != want || c.N != 7 || c.ReadyAt.Sub(c.Since) != 2*time.Minute || c.Since.After(now.Add(jump)) {
			t.Errorf("%v: %+v, changed %v", jump, c, changed)
		}
	}
	if c, _ := (Count{N: 1, Since: now}).Rebase(now.Add(-time.Hour)); !c.ReadyAt.IsZero() {
		t.Errorf("a wait came of nothing: %v", c.ReadyAt)
	}
}

// TestFrom: an IPv4 address counts alone, also where it comes as IPv6, and a
// /64 as one (RL-04).
func TestFrom(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "unknown",
	} {
		parsed, _ := netip.ParseAddr(address)
		if got := (subjects{}).from(Client{IP: parsed})[ByIP]; got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}

// TestLimits: the floors that stand in the requirements (RL-01, RL-02, RL-04, RL-08, SM-07).
func TestLimits(t *testing.T) {
	r := &Rules{policy: Policy{SMSBudget: 7}}
	keys := map[string]bool{}
	for _, door := range []Action{ActionSignIn, ActionSignUp, ActionReset, ActionVerify, ActionSendCode, ActionSendSMS, ActionAddPhone, ActionDrawQR, ActionNotify} {
		tries := r.limits(door, subjects{ByFactor: "f", ByAccount: "a", ByRecipient: "r", ByIP: "n"})
		if len(tries) == 0 {
			t.Errorf("%s has no limit", door)
		}
		for _, try := range tries {
			if keys[try.Key] {
				t.Errorf("two limits count under %s", try.Key)
			}
			keys[try.Key] = true
			if _, is := try.Limiter.(smsBudget); is || try.Reason == "" {
				t.Errorf("%s: %+v", door, try)
			}
		}
	}
	for key, want := range map[string]bool{"sign_in/address/1m0s/n": true, "answer/address/1m0s/n": true, "failures/f": true, "sms/all/24h0m0s/sent": true} {
		if keys[key] != want {
			t.Errorf("nothing counts under %s", key)
		}
	}
	if n := len(r.limits(ActionSendCode, subjects{ByRecipient: "r"})); n != 3 {
		t.Errorf("%d limits of one recipient", n)
	}
}
