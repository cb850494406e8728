package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/internal/datadir"
)

const (
	busyMax    = 6 // users that act at the same time
	hashingMax = 2 // of them, users that create backup codes
)

// A killTest kills and restarts a server while users act.
type killTest struct {
	t         *testing.T
	folder    string
	args      []string        // of the server
	dir       datadir.Dir     // of the server
	transport *http.Transport // to the pages
	proxies   *http.Transport // to the listener for proxies
	app       clientApp
	appUses   atomic.Int32
	logouts   sync.Map // sessions whose end the app was notified of
	mail, sms messageFile
	busy      chan struct{} // holds one for each user that acts
	hashing   chan struct{} // holds one for each user that creates backup codes
	log       strings.Builder

	killed      int          // number of kills
	responses   atomic.Int32 // received completely
	lost        atomic.Int32 // responses cut off by a kill
	tooSlow     atomic.Int32 // requests that took too long
	hashers     atomic.Int32 // users that have created backup codes
	codeSets    atomic.Int32 // number of times that backup codes may have been created
	unconfirmed atomic.Int32 // changes that were made although the response was lost
	duplicates  atomic.Int32 // messages sent more than once

	seen sync.Map // auth.EventType that a user saw confirmed, auth.FactorKind that a user signed in with

	mu        sync.Mutex
	addr      string        // of the server; empty while none runs
	checkAddr string        // address of its listener for proxies
	running   chan struct{} // closed when a server runs
	done      chan struct{} // closed when users must stop
	users     []*user
}

func newKillTest(t *testing.T, database string) *killTest {
	folder := t.TempDir()
	k := &killTest{
		t: t, folder: folder, busy: make(chan struct{}, busyMax), hashing: make(chan struct{}, hashingMax), running: make(chan struct{}), done: make(chan struct{}),
		dir:  datadir.Dir{Path: filepath.Join(folder, "data"), Database: database},
		mail: messageFile{path: filepath.Join(folder, "mail")},
		sms:  messageFile{path: filepath.Join(folder, "sms")},
		args: []string{"--url=" + siteOrigin, "--trusted-proxies=127.0.0.1/32", "--sms-budget=100000", "--database=" + database, "--forward-auth=127.0.0.1:0", "--access-rules=rules", "--admin-approval", "--recovery-delay=24h"},
	}
	cmdtest.WriteFile(t, filepath.Join(folder, "rules"), accessRules)
	k.transport = k.newTransport(func() string { return k.addr })
	k.proxies = k.newTransport(func() string { return k.checkAddr })
	return k
}

// startServer starts the server and returns a function that kills it.
func (k *killTest) startServer(args ...string) (kill func()) {
	k.t.Helper()
	server := start(k.t, k.folder, append(args, k.args...)...)
	check := readForwardAuthURL(k.t, server.errors)
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		io.Copy(&k.log, server.errors)
	}()
	k.mu.Lock()
	k.addr, k.checkAddr = server.address, check.Host
	close(k.running)
	k.mu.Unlock()
	return func() {
		k.mu.Lock()
		k.addr, k.running = "", make(chan struct{}) // before its port is free
		k.mu.Unlock()
		if err := server.Process.Signal(syscall.SIGKILL); err != nil {
			k.t.Errorf("the server ended before it was killed: %v", err)
		}
		<-logged
		server.Wait()
	}
}

// address waits until a server runs and returns one of its addresses.
func (k *killTest) address(ctx context.Context, of func() string) (string, error) {
	for {
		k.mu.Lock()
		running, runs, addr := k.running, k.addr != "", of()
		k.mu.Unlock()
		if runs {
			return addr, nil
		}
		select {
		case <-running:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// Every run must include these events and sign-ins.
var (
	eventsWanted = []auth.EventType{
		"sign_up_code", "phone_code", auth.SignedUp, "signed_out", auth.TOTPAdded, auth.PhoneAdded, auth.PhoneReserved, auth.BackupCodesReplaced,
		auth.PasskeyAdded, "tokens", "refreshed", "revoked", auth.AppTokenReused, "handed_over", "invited", "disabled", "deleted", auth.RecoveryRequested,
	}
	signInKinds = []auth.FactorKind{auth.Password, auth.TOTPCode, auth.BackupCode, auth.PhoneCode, auth.PasskeyVerified}
)

// missing lists those that have not occurred yet.
func (k *killTest) missing() (missing []any) {
	for _, event := range eventsWanted {
		if _, ok := k.seen.Load(event); !ok {
			missing = append(missing, event)
		}
	}
	for _, kind := range signInKinds {
		if _, ok := k.seen.Load(kind); !ok {
			missing = append(missing, kind)
		}
	}
	return missing
}

func (k *killTest) acquire() { k.busy <- struct{}{} }
func (k *killTest) release() { <-k.busy }

func (k *killTest) isDone() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// runUsers runs one user after the other until the test is done, and waits for
// those that act.
func (k *killTest) runUsers(seed uint64) {
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; ; n++ {
		select {
		case <-k.done:
			return
		case k.busy <- struct{}{}:
		}
		u := k.newUser(fmt.Sprintf("user-%d@example.org", n), rand.New(rand.NewPCG(seed, uint64(n))))
		all.Go(func() {
			defer k.release()
			u.act()
		})
	}
}

// pause sleeps and lets other users act meanwhile.
func (k *killTest) pause(d time.Duration) {
	k.release()
	defer k.acquire()
	time.Sleep(d)
}

// sleep is like pause, but ends with the test and then returns false.
func (k *killTest) sleep(d time.Duration) bool {
	k.release()
	defer k.acquire()
	select {
	case <-time.After(d):
		return true
	case <-k.done:
		return false
	}
}
