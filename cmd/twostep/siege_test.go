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
	"twostep/cmd/twostep/internal/datadir"
)

// How many guests are busy at a time, and how many of them with what takes new
// backup codes.
const (
	atOnce  = 5
	hashing = 2
)

// A siege is a server that is killed and started again while guests go in and
// out.
type siege struct {
	t         *testing.T
	folder    string
	args      []string    // of the server
	place     datadir.Dir // of its data
	transport *http.Transport
	mail, sms letters
	busy      chan struct{} // holds one for each guest who is busy
	hashing   chan struct{} // and for each who makes backup codes
	log       strings.Builder

	killed  int          // times
	answers atomic.Int32 // that came whole
	cuts    atomic.Int32 // and that were lost
	sets    atomic.Int32 // times that backup codes may have been made
	unsaid  atomic.Int32 // things that were done although the answer was lost
	twice   atomic.Int32 // letters that came once more than they should

	happened sync.Map // what somebody was told (auth.What), and by what somebody has signed in (auth.Kind)

	mu     sync.Mutex
	at     string        // the address of the server; empty while none lives
	lives  chan struct{} // closed when one does
	over   chan struct{} // closed when nobody shall begin anything
	guests []*guest
}

func newSiege(t *testing.T, database string) *siege {
	folder := t.TempDir()
	s := &siege{
		t: t, folder: folder, busy: make(chan struct{}, atOnce), hashing: make(chan struct{}, hashing), lives: make(chan struct{}), over: make(chan struct{}),
		place: datadir.Dir{Path: filepath.Join(folder, "data"), Database: database},
		mail:  letters{path: filepath.Join(folder, "mail")},
		sms:   letters{path: filepath.Join(folder, "sms")},
		args:  []string{"--url=" + siteOrigin, "--trusted-proxies=127.0.0.1/32", "--sms-budget=100000", "--database=" + database},
	}
	s.transport = s.dialer()
	return s
}

// server starts the server; kill kills it.
func (s *siege) server(args ...string) (kill func()) {
	s.t.Helper()
	server := start(s.t, s.folder, append(args, s.args...)...)
	said := make(chan struct{})
	go func() {
		defer close(said)
		io.Copy(&s.log, server.errors)
	}()
	s.mu.Lock()
	s.at = server.address
	close(s.lives)
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.at, s.lives = "", make(chan struct{}) // before its port is free for others
		s.mu.Unlock()
		if err := server.Process.Signal(syscall.SIGKILL); err != nil {
			s.t.Errorf("the server had ended before it was killed: %v", err)
		}
		<-said
		server.Wait()
	}
}

// address is where the server listens, as soon as one lives.
func (s *siege) address(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		lives, at := s.lives, s.at
		s.mu.Unlock()
		if at != "" {
			return at, nil
		}
		select {
		case <-lives:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// What has to happen in every siege: that guests are told so, and that they sign
// in by each of the proofs.
var (
	news = []auth.EventType{
		"sign_up_code", "phone_code", auth.SignedUp, "signed_out", auth.TOTPAdded, auth.PhoneAdded, auth.PhoneReserved, auth.BackupCodesReplaced,
	}
	proofs = []auth.FactorKind{auth.Password, auth.TOTPCode, auth.BackupCode, auth.PhoneCode}
)

// lacks lists what of that has not happened yet.
func (s *siege) lacks() (lacking []any) {
	for _, what := range news {
		if _, told := s.happened.Load(what); !told {
			lacking = append(lacking, what)
		}
	}
	for _, kind := range proofs {
		if _, came := s.happened.Load(kind); !came {
			lacking = append(lacking, kind)
		}
	}
	return lacking
}

func (s *siege) enter() { s.busy <- struct{}{} }
func (s *siege) leave() { <-s.busy }

func (s *siege) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// receive lets guests in, one after the other, until the siege is over; then it
// waits for those who are there.
func (s *siege) receive(seed uint64) {
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; ; n++ {
		select {
		case <-s.over:
			return
		case s.busy <- struct{}{}:
		}
		g := s.guest(fmt.Sprintf("guest-%d@example.org", n), rand.New(rand.NewPCG(seed, uint64(n))))
		all.Go(func() {
			defer s.leave()
			g.live()
		})
	}
}

// pause lets others in for a while.
func (s *siege) pause(d time.Duration) {
	s.leave()
	defer s.enter()
	time.Sleep(d)
}

// sleep is pause that ends with the siege, and answers false then.
func (s *siege) sleep(d time.Duration) bool {
	s.leave()
	defer s.enter()
	select {
	case <-time.After(d):
		return true
	case <-s.over:
		return false
	}
}
