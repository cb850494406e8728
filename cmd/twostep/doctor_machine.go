package main

import (
	"context"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	// A session is noted as seen at once, so nothing can be later than now but
	// by the steps in which clocks are set right.
	clockSlack = time.Minute
	// Below this a database that is written to is soon out of room, and nobody
	// can sign in.
	diskLow = 1 << 30 // bytes
)

// clock looks for signs that the time is wrong: codes of apps are of half a
// minute, and the limits of sessions and tries go by it.
func (e *examination) clock(context.Context) {
	const what = "clock"
	now := time.Now()
	switch built := buildTime(); {
	case now.Before(built):
		e.fail(what, "it is %s here, before this program was written (%s)", moment(now), moment(built))
	case now.Before(e.lastSeen.Add(-clockSlack)):
		e.fail(what, "it is %s here, before somebody was seen last (%s)", moment(now), moment(e.lastSeen))
	default:
		e.fine(what, "it is %s", moment(now))
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// buildTime is when the source of this program was written, or zero where it
// was built without that.
func buildTime() (written time.Time) {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return written
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			written, _ = time.Parse(time.RFC3339, setting.Value)
		}
	}
	return written
}

// disk looks how much can still be written where the data are.
func (e *examination) disk(context.Context) {
	const what = "disk"
	var room syscall.Statfs_t
	if err := syscall.Statfs(e.data, &room); err != nil {
		e.warn(what, "how much room there is cannot be seen: %v", err)
		return
	}
	free := uint64(room.Bavail) * uint64(room.Bsize)
	if free < diskLow {
		e.warn(what, "only %d MiB are free for the data", free>>20)
		return
	}
	e.fine(what, "%d GiB are free for the data", free>>30)
}
