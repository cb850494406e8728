package auth

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestPolicy_Documents checks that policy.md and the list of flags state the real numbers for sessions,
// delays and rate limits (SE-12, RL-04).
func TestPolicy_Documents(t *testing.T) {
	text := ""
	for _, name := range []string{"policy.md", "../cmd/twostep/FLAGS.md"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text += strings.Join(strings.Fields(string(content)), " ")
	}
	hours := func(d time.Duration) string { return fmt.Sprintf("%dh", d/time.Hour) }
	words := map[int]string{2: "two", 5: "five"}
	var backoff Backoff
	requests, failed := 0, 0
	for _, row := range limits {
		switch limiter := row.limiter.(type) {
		case Backoff:
			backoff = limiter
		case Window:
			if row.by == ByIP && row.action == ActionSignIn && limiter.Per == time.Minute {
				requests = limiter.Max
			}
			if row.by == ByIP && row.action == ActionVerify && limiter.Per == time.Minute {
				failed = limiter.Max
			}
		}
	}
	for _, want := range []string{
		fmt.Sprintf("| `--session-lifetime`, `--session-idle` | `%s`, `%s` |", hours(SessionLifetimeMax), hours(SessionIdleMax)),
		fmt.Sprintf("| `--code-lifetime` | `%dm` |", CodeLifetimeMax/time.Minute),
		fmt.Sprintf("warned %s minutes before", words[int(SessionWarning/time.Minute)]),
		fmt.Sprintf("the first %s cause no delay", words[backoff.Free]),
		fmt.Sprintf("delays of %d seconds, doubling up to one hour", backoff.First/time.Second),
		fmt.Sprintf("After %d in a row", backoff.LockAt),
		fmt.Sprintf("kept for %d days", FailureRetention/(24*time.Hour)),
		fmt.Sprintf("%d sign-in requests and %d failures per minute", requests, failed),
		"A user may have any number of sessions",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("they do not say %q", want)
		}
	}
	if backoff.Max != time.Hour || SessionIdleMax != time.Hour || SessionLifetimeMax != 24*time.Hour {
		t.Error("they say one hour for delays and inactivity, and one day for sessions")
	}
}
