package cli

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for given, want := range map[time.Duration]string{
		time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Minute: "1h30m", time.Minute: "1m", 10 * time.Second: "10s",
		time.Hour + time.Second: "1h0m1s", 0: "0s", -time.Hour: "-1h",
	} {
		if got := Duration(given); got != want {
			t.Errorf("%v is written %s, want %s", given, got, want)
		}
	}
}
