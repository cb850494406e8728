package auth

import (
	"net/netip"
	"reflect"
	"slices"
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

// TestSubjects_From: an IPv4 address counts by itself and its /24, an IPv6 address by its
// /64, /56 and /48; a known device by its account and with others of its network (RL-04).
func TestSubjects_From(t *testing.T) {
	for address, want := range map[string][3]string{
		"203.0.113.7":         {"203.0.113.7/32", "", "203.0.113.0/24"},
		"2001:db8:1:2:3::6":   {"2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"},
		"2001:db8:1:ff02::6":  {"2001:db8:1:ff02::/64", "2001:db8:1:ff00::/56", "2001:db8:1::/48"},
		"fe80:0:0:1:2::1%eth": {"fe80:0:0:1::/64", "fe80::/56", "fe80::/48"},
		"":                    {"unknown", "unknown", "unknown"},
	} {
		parsed, _ := netip.ParseAddr(address)
		from := subjects{}.from(Client{IP: parsed})
		for i, by := range []Scope{ByIP, BySubnet, ByNetwork} {
			if got := strings.Join(from[by], ","); got != want[i] {
				t.Errorf("%s, %s: counts as %s, want %s", address, by, got, want[i])
			}
		}
		if other := (subjects{}).fromDevice(Client{IP: parsed}, false, "ann"); !reflect.DeepEqual(other, from) {
			t.Errorf("%s: another device counts as %v", address, other)
		}
		device := subjects{}.fromDevice(Client{IP: parsed}, true, "ann")
		if got := strings.Join(device[ByIP], ",") + ";" + strings.Join(device[ByNetwork], ","); got != "known,"+want[2]+",ann;known,"+want[2] || device[BySubnet] != nil {
			t.Errorf("%s: a known device counts as %v", address, device)
		}
	}
}

// TestLimits: every action has the limits that are required (RL-01, RL-02, RL-04,
// RL-08, SM-07).
func TestLimits(t *testing.T) {
	r := rulesOf(Policy{SMSBudget: 7}, time.Time{})
	keys := map[string]bool{}
	for _, action := range []Action{ActionSignIn, ActionSignUp, ActionReset, ActionVerify, ActionGuess, ActionAlarm, ActionSendCode, ActionSendMail, ActionSendSMS, ActionEnrolSMS, ActionAddPhone, ActionAccount, ActionDrawQR, ActionNotify, ActionNotice, ActionSummary} {
		all := r.limits(action, subjects{ByFactor: {"f"}, ByMailed: {"m"}, ByAccount: {"a"}, ByRecipient: {"r"}, ByIP: {"n"}, BySubnet: {"s"}, ByNetwork: {"w"}, ByHome: {"US"}, ByCountry: {"GB"}})
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
	for key, want := range map[string]bool{"sign_in/ip/1m0s/n": true, "sign_in/subnet/1m0s/s": true, "sign_in/network/1m0s/w": true, "verify/ip/1m0s/n": true, "failures/f": true, "send_sms/global/24h0m0s/sent": true} {
		if keys[key] != want {
			t.Errorf("nothing counts under %s", key)
		}
	}
	if n := len(r.limits(ActionSendCode, subjects{ByRecipient: {"r"}})); n != 3 {
		t.Errorf("%d limits of one recipient", n)
	}
}

// TestWaits: a wait has an end, and a lock has none. A count that is refunded is none.
func TestWaits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ready := now.Add(time.Minute)
	count := func(n int) failureCount {
		return failureCount{Wait{Factor: Password}, RateLimit{Limiter: Backoff{Free: 1, First: time.Second, Max: time.Hour, LockAt: 3}}, Count{N: n, Since: now, ReadyAt: ready}}
	}
	all := []failureCount{count(0), count(2), count(3)}
	all[0].ReadyAt = time.Time{}
	if got, want := waits(all, now), []Wait{{Factor: Password, Until: ready}, {Factor: Password}}; !slices.Equal(got, want) {
		t.Errorf("waits are %+v, want %+v", got, want)
	}
	if got, want := failures(all, now), []Failures{{Factor: Password, N: 2}, {Factor: Password, N: 3}}; !slices.Equal(got, want) {
		t.Errorf("failures are %+v, want %+v", got, want)
	}
}

// TestNotPlain: ids, token hashes and words are readable in keys.
func TestNotPlain(t *testing.T) {
	const plain = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	for c := range rune(256) {
		if got := notPlain(c); got == strings.ContainsRune(plain, c) {
			t.Errorf("%q: %v", c, got)
		}
	}
}

// TestLimitKey: no text that a user enters has the key of another count, and no key
// contains it.
func TestLimitKey(t *testing.T) {
	r := rulesOf(Policy{SMSBudget: 7}, time.Time{})
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
