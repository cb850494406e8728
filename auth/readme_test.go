package auth

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestReadme: the README states the numbers of sessions, waits and limits correctly
// (SE-12, RL-04).
func TestReadme(t *testing.T) {
	content, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.Join(strings.Fields(string(content)), " ")
	hours := func(d time.Duration) string { return fmt.Sprintf("%dh", d/time.Hour) }
	words := map[int]string{2: "two", 5: "five", 100: "a hundred"}
	var failures Backoff
	posts, wrong := 0, 0
	for _, row := range limits {
		switch limiter := row.limiter.(type) {
		case Backoff:
			failures = limiter
		case Window:
			if row.by == ByIP && row.action == ActionSignIn && limiter.Per == time.Minute {
				posts = limiter.Max
			}
			if row.by == ByIP && row.action == ActionVerify && limiter.Per == time.Minute {
				wrong = limiter.Max
			}
		}
	}
	for _, want := range []string{
		fmt.Sprintf("| `--session-lifetime`, `--session-idle` | `%s`, `%s` |", hours(SessionLifetimeMax), hours(SessionIdleMax)),
		fmt.Sprintf("| `--code-lifetime` | `%dm` |", CodeLifetimeMax/time.Minute),
		fmt.Sprintf("shown a warning %s minutes before", words[int(SessionWarning/time.Minute)]),
		fmt.Sprintf("%s are free", words[failures.Free]),
		fmt.Sprintf("waits of %d seconds, doubling to an hour", failures.First/time.Second),
		fmt.Sprintf("after %s in a row", words[failures.LockAt]),
		fmt.Sprintf("remembered for %d days", FailureRetention/(24*time.Hour)),
		fmt.Sprintf("%d sign-in posts and %d failures a minute", posts, wrong),
		"A person may have as many sessions as devices",
	} {
		if !strings.Contains(readme, want) {
			t.Errorf("the README does not say %q", want)
		}
	}
	if failures.Max != time.Hour || SessionIdleMax != time.Hour || SessionLifetimeMax != 24*time.Hour {
		t.Error("the README says that sessions and waits end after an hour, and sessions after a day")
	}
}
