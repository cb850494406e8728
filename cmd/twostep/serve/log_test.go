package serve

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A recorder records each call of Write.
type recorder struct {
	mu    sync.Mutex
	calls []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, string(p))
	return len(p), nil
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// Buffered lines are written together after a delay.
func TestSiteLog_Buffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{}
		l := newSiteLog(out)
		for range 2 { // the timer restarts
			l.buffered.Info("first")
			l.buffered.Info("second")
			if calls := out.take(); len(calls) > 0 {
				t.Errorf("written immediately: %q", calls)
			}
			time.Sleep(bufferDelay)
			synctest.Wait()
			if calls := out.take(); len(calls) != 1 || strings.Count(calls[0], "\n") != 2 {
				t.Errorf("written later: %q", calls)
			}
		}
	})
}

// Other lines are written immediately, after the buffered ones.
func TestSiteLog_Immediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{}
		l := newSiteLog(out)
		l.immediate.Warn("only")
		l.buffered.Info("first")
		l.immediate.Warn("second")
		calls := strings.Join(out.take(), "|")
		if strings.Count(calls, "|") != 1 || strings.Index(calls, "only") > strings.Index(calls, "first") || strings.Index(calls, "first") > strings.Index(calls, "second") {
			t.Errorf("written: %q", calls)
		}
		time.Sleep(bufferDelay)
		synctest.Wait()
		if calls := out.take(); len(calls) > 0 {
			t.Errorf("written twice: %q", calls)
		}
	})
}

// A full buffer is written without delay, and no line is lost or duplicated.
func TestSiteLog_Many(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, lines = 32, 100
		out := &recorder{}
		l := newSiteLog(out)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for n := range lines {
					log := l.buffered
					if n%10 == 9 {
						log = l.immediate
					}
					log.Info(fmt.Sprintf("line %d of %d.", n, i))
				}
			})
		}
		all.Wait()
		if len(out.calls) < 2 {
			t.Error("all lines were buffered")
		}
		l.flush()
		text := strings.Join(out.calls, "")
		for i := range writers {
			last := -1
			for n := range lines {
				line := fmt.Sprintf(`"line %d of %d."`, n, i)
				if at := strings.Index(text, line); at <= last || strings.Count(text, line) != 1 {
					t.Fatalf("%s is written %d times, at %d after %d", line, strings.Count(text, line), at, last)
				}
				last = strings.Index(text, line)
			}
		}
	})
}

// A full disk loses the lines of that time, and no later ones.
func TestSiteLog_FailedWrite(t *testing.T) {
	var out strings.Builder
	full := true
	l := newSiteLog(writer(func(line []byte) error {
		if full {
			return syscall.ENOSPC
		}
		out.Write(line)
		return nil
	}))
	l.buffered.Info("first")
	l.immediate.Warn("second")
	full = false
	l.buffered.Info("third")
	l.immediate.Warn("fourth")
	if text := out.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "third") || !strings.Contains(text, "fourth") {
		t.Errorf("wrote %q", text)
	}
}
