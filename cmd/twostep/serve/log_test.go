package serve

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A shelf keeps what is written to it, one text a call.
type shelf struct {
	alone sync.Mutex
	calls []string
}

func (s *shelf) Write(p []byte) (int, error) {
	s.alone.Lock()
	defer s.alone.Unlock()
	s.calls = append(s.calls, string(p))
	return len(p), nil
}

func (s *shelf) taken() []string {
	s.alone.Lock()
	defer s.alone.Unlock()
	taken := s.calls
	s.calls = nil
	return taken
}

// Lines that may wait are written together, a moment later and not before.
func TestSiteLog_Later(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &shelf{}
		l := newSiteLog(out)
		for range 2 { // also the second time
			l.buffered.Info("first")
			l.buffered.Info("second")
			if calls := out.taken(); len(calls) > 0 {
				t.Errorf("written at once: %q", calls)
			}
			time.Sleep(bufferDelay)
			synctest.Wait()
			if calls := out.taken(); len(calls) != 1 || strings.Count(calls[0], "\n") != 2 {
				t.Errorf("written later: %q", calls)
			}
		}
	})
}

// A line that may not wait is written at once, and those that do before it.
func TestSiteLog_AtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &shelf{}
		l := newSiteLog(out)
		l.immediate.Warn("alone")
		l.buffered.Info("first")
		l.immediate.Warn("second")
		calls := strings.Join(out.taken(), "|")
		if strings.Count(calls, "|") != 1 || strings.Index(calls, "alone") > strings.Index(calls, "first") || strings.Index(calls, "first") > strings.Index(calls, "second") {
			t.Errorf("written: %q", calls)
		}
		time.Sleep(bufferDelay)
		synctest.Wait()
		if calls := out.taken(); len(calls) > 0 {
			t.Errorf("written twice: %q", calls)
		}
	})
}

// Many lines do not wait for the moment, and none is lost or comes twice,
// whoever writes and whenever it ends.
func TestSiteLog_Many(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, lines = 32, 100
		out := &shelf{}
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
			t.Error("all of it waited")
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
