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
	"twostep/cmd/twostep/internal/cmdtest"
)

var (
	kills    = flag.Int("kills", 30, "how often TestProgram_Killed kills the server")
	killSeed = flag.Uint64("killseed", 0, "seed of the kills and users of TestProgram_Killed; 0 for a random one")
)

const (
	killsExtra    = 8                         // more, if an event is missing
	delay         = time.Minute + time.Second // of the delayed codes, which have expired by then
	outboxTimeout = 2 * time.Minute           // after the last kill; messages of a killed server are sent after half a minute
	lateUsers     = 3

	responsesMax = 16
	lifeMax      = 3 * time.Second
	killDelayMax = 20 * time.Millisecond
)

// TestProgram_Killed kills the server many times ("make kills" 200 times) while
// users sign up, set up factors, sign in and out, also to apps, and are administered.
// Afterwards every change that a user, an app or an administrator saw confirmed is stored,
// nothing was accepted twice, and every message has been sent, none with an expired code
// (ST-08, TO-05, BC-02).
func TestProgram_Killed(t *testing.T) {
	t.Parallel() // with TestBrowser: both often wait
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		newKillTest(t, "").run()
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		newKillTest(t, cmdtest.StartPostgres(t).URL("postgres")).run()
	})
}

func (k *killTest) run() {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	k.t.Logf("-killseed=%d", seed)
	late := k.delayMessages()
	k.addApp()
	admin := k.newAdmin()

	var all sync.WaitGroup
	all.Go(func() { k.runUsers(seed) })
	all.Go(admin.act)
	random := rand.New(rand.NewPCG(seed, 0))
	for !k.t.Failed() && k.killed < *kills {
		k.killAfter(func() { k.letRun(random) })
	}
	// Slow actions need a server that lives longer.
	for n := range killsExtra {
		if k.t.Failed() || len(k.missing()) == 0 {
			break
		}
		k.killAfter(func() { k.waitFor(func() bool { return len(k.missing()) == 0 }, time.Duration(n+1)*lifeMax) })
	}
	kill := k.startServer("--mail=file:mail", "--sms=file:sms")
	close(k.done)
	all.Wait()
	k.waitForOutbox(late)
	k.check()
	admin.check()
	kill()
	k.checkLog()
	k.checkDatabase()
}

// killAfter starts a server, runs a function and kills the server.
func (k *killTest) killAfter(run func()) {
	kill := k.startServer("--mail=file:mail", "--sms=file:sms")
	run()
	kill()
	k.killed++
}

// letRun waits for a random number of responses, so that users get equally far on
// a busy machine, and then for a random delay. Sometimes it waits for a new set
// of backup codes instead, which are slow to hash; or for a message, to kill the
// server between sending it and recording that.
func (k *killTest) letRun(random *rand.Rand) {
	target := k.responses.Load() + random.Int32N(responsesMax)
	sets := k.codeSets.Load()
	sent := fileSize(k.mail.path)
	switch random.IntN(8) {
	case 0:
		k.waitFor(func() bool { return k.codeSets.Load() > sets }, lifeMax)
	case 1:
		k.waitFor(func() bool { return fileSize(k.mail.path) > sent }, lifeMax)
		return
	default:
		k.waitFor(func() bool { return k.responses.Load() >= target }, lifeMax)
	}
	time.Sleep(time.Duration(random.Int64N(int64(killDelayMax))))
}

func (k *killTest) waitFor(condition func() bool, timeout time.Duration) {
	for end := time.Now().Add(timeout); !condition() && time.Now().Before(end); {
		time.Sleep(200 * time.Microsecond)
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // not created yet
	}
	return info.Size()
}

// delayMessages lets users request codes while the mail server is unreachable, and
// claims their messages until they have expired, as a server on a suspended
// machine would. It returns when the claim ends.
func (k *killTest) delayMessages() (late time.Time) {
	kill := k.startServer(unreachableMail(k.t), "--code-lifetime=1m")
	var all sync.WaitGroup
	for range lateUsers {
		u := k.newUser("late-"+string(rune('a'+len(k.users)))+"@example.org", nil)
		all.Go(func() {
			u.repeat(func() {
				u.c.open("/sign-up").fill("Email address", u.email).fill("Password", userPassword).mustPress("Continue")
			})
			u.c.sees("Verify your email")
		})
	}
	all.Wait()
	kill()
	store, _, err := k.dir.Open(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	defer store.Close()
	now := time.Now()
	late = now.Add(delay)
	furthest := now // so that the first call also makes those due that the killed server had claimed
	for claimed := range lateUsers {
		m, err := store.ClaimMessage(k.t.Context(), auth.ByEmail, now, late, furthest)
		if err == nil { // the next server would release messages that never failed
			err = store.RescheduleMessage(k.t.Context(), m.ID, m.Failures+1, now, late)
		}
		if err != nil {
			k.t.Fatalf("%d messages are queued, want %d: %v", claimed, lateUsers, err)
		}
		furthest = late
	}
	if m, err := store.ClaimMessage(k.t.Context(), auth.ByEmail, now, late, late); !errors.Is(err, auth.ErrNotFound) {
		k.t.Fatalf("another message is queued: %v, %v", m, err)
	}
	return late
}
