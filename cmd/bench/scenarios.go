package main

import (
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"
)

var logoURL = regexp.MustCompile(`/static/logo\.[0-9a-f]+\.svg`)

// get returns a function that requests a page.
func get(path string, b *browser) func(*conn) (bool, error) {
	return exchange(request(path, b.ip, b.cookies(), ""))
}

func measurePages(s *server, browsers prepared, r *results) error {
	signedOut := person{name: "signed-out"}.newBrowser()
	var logo string
	err := s.withConn(func(c *conn) error {
		err := errors.Join(browsers.signedIn.open(c, page), signedOut.open(c, "/sign-in"))
		logo = string(logoURL.Find(c.body.Bytes()))
		return err
	})
	if err != nil {
		return err
	}
	kinds := []struct {
		cost    *cost
		address string
		send    func(*conn) (bool, error)
	}{
		{&r.static, s.address, get(logo, signedOut)},
		{&r.page, s.address, get(page, browsers.signedIn)},
		{&r.check, s.check, check(browsers.signedIn)},
		{&r.signInPage, s.address, get("/sign-in", signedOut)},
	}
	for round := range rounds + 1 {
		for _, kind := range kinds {
			c, err := s.loadAt(kind.address, slice, kind.send)
			if err != nil {
				return err
			}
			if round > 0 { // the first is a warm-up
				kind.cost.add(c)
			}
		}
	}
	return nil
}

// measureSignIns alternates between bare hashes and sign-ins by password. A slice has few
// of them, so they are long.
func measureSignIns(s *server, _ prepared, r *results) error {
	var next atomic.Int64
	for round := range rounds + 1 {
		hash, err := measureHashes(longSlice)
		if err != nil {
			return err
		}
		signIn, err := s.load(longSlice, func(c *conn) (bool, error) {
			n := (2*int(next.Add(1)) + 1) % r.people // odd: without an authenticator app
			return true, personAt(n).newBrowser().signIn(c)
		})
		if err != nil {
			return err
		}
		if round > 0 { // the first is a warm-up
			r.hash.add(hash)
			r.signIn.add(signIn)
		}
	}
	return nil
}

// measureSecondFactor completes the pending sign-ins.
func measureSecondFactor(s *server, browsers prepared, r *results) error {
	var next atomic.Int64
	completeUntil := func(end int) (cost, error) {
		return s.load(time.Minute, func(c *conn) (bool, error) {
			n := int(next.Add(1)) - 1
			if n >= end {
				return false, nil
			}
			return true, browsers.pending[n].verifyTOTP(c)
		})
	}
	if _, err := completeUntil(pendingCount / 10); err != nil { // a warm-up
		return err
	}
	next.Store(pendingCount / 10)
	var err error
	r.secondFactor, err = completeUntil(pendingCount)
	return err
}

// measureMemory measures memory when idle, and its maximum during a burst of
// sign-ins.
func measureMemory(s *server, _ prepared, r *results) error {
	first := personAt(1).newBrowser()
	err := s.withConn(func(c *conn) error { return first.open(c, "/sign-in") })
	if err != nil {
		return err
	}
	time.Sleep(idleTime)
	if r.memoryIdle, err = s.memory("VmRSS"); err != nil {
		return err
	}
	var served, busy atomic.Int64
	err = parallel(burst, func(i int) error {
		return s.withConn(func(c *conn) error {
			b := personAt(i % r.people).newBrowser()
			b.cookie, b.token = first.cookie, first.token
			resp, err := c.do(b.post("/sign-in", "continue", b.credentials()))
			switch {
			case err != nil:
				return err
			case resp.status == 303:
				served.Add(1)
			case resp.status == 503:
				busy.Add(1)
			default:
				return fmt.Errorf("POST /sign-in in a burst: %d: %s", resp.status, c.body.Bytes())
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	r.served, r.busy = int(served.Load()), int(busy.Load())
	r.memoryMax, err = s.memory("VmHWM")
	return err
}
