package main

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/dbtest"
)

var killSeed = flag.Uint64("killseed", 0, "draw the moments and the guests of TestProgram_Killed from this seed; 0 draws one")

const (
	kills      = 200                       // at least
	killsMore  = 8                         // on top, where something has not happened yet
	killsEarly = 10 * time.Second          // before the first codes have expired
	lateAfter  = time.Minute + time.Second // a worker holds the first codes back until they have expired
	drainsIn   = 2 * time.Minute           // once nothing is killed any more; a claim of a killed server takes half a minute
	lateGuests = 3

	answersMost  = 16
	longestLife  = 3 * time.Second
	longestAfter = 20 * time.Millisecond
)

// TestProgram_Killed kills the server at least 200 times while people sign up, set up
// factors and go in and out. Afterwards every change that somebody was told of
// stands, no code was taken twice, every letter has come, and none with a code
// that had expired (ST-08, TO-05, BC-02).
func TestProgram_Killed(t *testing.T) {
	t.Parallel() // beside TestBrowser: both wait for half a minute here and there
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		newSiege(t, "").run()
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		c, err := dbtest.StartPostgres()
		if errors.Is(err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
		newSiege(t, c.URL("postgres")).run()
	})
}

func (s *siege) run() {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	s.t.Logf("-killseed=%d", seed)
	late := s.sendsTooLate()

	var all sync.WaitGroup
	all.Go(func() { s.receive(seed) })
	moments := rand.New(rand.NewPCG(seed, kills))
	// A quick machine goes on for as long as has to be waited anyway: who got a
	// code by SMS can sign in by another one after half a minute.
	for enough := late.Add(-killsEarly); !s.t.Failed() && (s.killed < kills || time.Now().Before(enough)); {
		s.killAfter(func() { s.live(moments) })
	}
	// A machine that has much else to do needs longer lives for what takes long.
	for more := range killsMore {
		if s.t.Failed() || len(s.lacks()) == 0 {
			break
		}
		s.killAfter(func() { s.await(func() bool { return len(s.lacks()) == 0 }, time.Duration(more+1)*longestLife) })
	}
	kill := s.server("--mail=file:mail", "--sms=file:sms")
	close(s.over)
	all.Wait()
	s.drains(late)
	s.check()
	kill()
	s.checkLog()
	s.checkTables()
}

// killAfter starts a server and kills it after its life.
func (s *siege) killAfter(life func()) {
	kill := s.server("--mail=file:mail", "--sms=file:sms")
	life()
	kill()
	s.killed++
}

// live lets a server live until it has given a number of answers, so that a
// busy machine brings the guests no less far, and a random moment longer. Now
// and then that is until ten backup codes were hashed, which takes a quarter of
// a second of a processor that has nothing else to do; or it is killed with a
// message in hand, which has just been sent and perhaps not been noted.
func (s *siege) live(from *rand.Rand) {
	most := s.answers.Load() + from.Int32N(answersMost)
	sets := s.sets.Load()
	sent := size(s.mail.path)
	switch from.IntN(8) {
	case 0:
		s.await(func() bool { return s.sets.Load() > sets }, longestLife)
	case 1:
		s.await(func() bool { return size(s.mail.path) > sent }, longestLife)
		return
	default:
		s.await(func() bool { return s.answers.Load() >= most }, longestLife)
	}
	time.Sleep(time.Duration(from.Int64N(int64(longestAfter))))
}

func (s *siege) await(reached func() bool, longest time.Duration) {
	for end := time.Now().Add(longest); !reached() && time.Now().Before(end); {
		time.Sleep(200 * time.Microsecond)
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // it is made with the first server
	}
	return info.Size()
}

// sendsTooLate lets people ask for codes that no mail server takes, and a
// worker take them over that hangs until they have expired, as a node does
// whose machine sleeps. It answers when that is.
func (s *siege) sendsTooLate() (late time.Time) {
	kill := s.server(closedMail(s.t), "--code-lifetime=1m")
	var all sync.WaitGroup
	for range lateGuests {
		g := s.guest("late-"+string(rune('a'+len(s.guests)))+"@example.org", nil)
		all.Go(func() {
			g.c.open("/sign-up").fill("Email address", g.email).fill("Password", guestsPassword).presses("Continue")
			g.c.sees("Verify your email")
		})
	}
	all.Wait()
	kill()
	store, _, err := s.place.open(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	late = time.Now().Add(lateAfter)
	held, err := store.ClaimMessages(s.t.Context(), auth.ByEmail, time.Now().Add(auth.MessageClaimTime), late, late.Add(time.Hour), 2*lateGuests)
	if err != nil || len(held) != lateGuests {
		s.t.Fatalf("%d messages wait, want %d: %v", len(held), lateGuests, err)
	}
	return late
}
