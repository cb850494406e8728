package doctor

import (
	"context"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	clockSlack = time.Minute // allows for corrections of the clock
	diskLow    = 1 << 30     // bytes; without space to write nobody can sign in
)

// clock looks for signs that the time is wrong: TOTP codes change every 30
// seconds, and sessions and rate limits depend on it. A session is never
// recorded as seen in the future.
func (r *report) clock(context.Context) {
	const check = "clock"
	now := time.Now()
	switch built := buildTime(); {
	case now.Before(built):
		r.fail(check, "it is %s on this machine, before this program was written (%s)", utc(now), utc(built))
	case now.Before(r.lastSeen.Add(-clockSlack)):
		r.fail(check, "it is %s on this machine, before a session was last used (%s)", utc(now), utc(r.lastSeen))
	case now.Before(r.lastStep.Add(-clockSlack)):
		r.warn(check, "it is %s on this machine, but a code of an authenticator app was accepted for %s: the clock was ahead then", utc(now), utc(r.lastStep))
	default:
		r.ok(check, "it is %s", utc(now))
	}
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// buildTime returns the time of the commit that this program was built from, or
// zero if it is unknown.
func buildTime() (built time.Time) {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return built
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			built, _ = time.Parse(time.RFC3339, setting.Value)
		}
	}
	return built
}

// disk checks the free space of the data folder.
func (r *report) disk(context.Context) {
	const check = "disk"
	var stat syscall.Statfs_t
	if err := syscall.Statfs(r.Path, &stat); err != nil {
		r.warn(check, "cannot read the free space: %v", err)
		return
	}
	free := uint64(stat.Bavail) * uint64(stat.Bsize)
	if free < diskLow {
		r.warn(check, "only %d MiB are free", free>>20)
		return
	}
	r.ok(check, "%d GiB are free", free>>30)
}
