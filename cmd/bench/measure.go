package main

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"
)

const (
	rounds    = 6                      // each measures all kinds of request, so changes of the machine's speed affect all
	slice     = 500 * time.Millisecond // of one kind per round
	longSlice = 1500 * time.Millisecond
	starts    = 7
	idleTime  = 2 * time.Second // before memory is measured
	burst     = 1000            // concurrent sign-ins
	peopleMin = burst           // so that each signs in to another account
)

// A cost is the time that a number of responses took: elapsed time, and CPU time
// of the server.
type cost struct {
	responses    int
	elapsed, cpu time.Duration
}

func (c *cost) add(other cost) {
	c.responses += other.responses
	c.elapsed += other.elapsed
	c.cpu += other.cpu
}

func (c cost) perSecond() float64     { return float64(c.responses) / c.elapsed.Seconds() }
func (c cost) cpuEach() time.Duration { return c.cpu / time.Duration(max(c.responses, 1)) }

// results are one column of the table.
type results struct {
	people                int
	pageBytes             int // of the signed-in page and of the static file
	static                cost
	page                  cost
	check                 cost // by a proxy, for a signed-in browser
	nginxAsking           cost // an app behind nginx that asks; zero if nginx is not installed
	nginxPlain            cost // the same app behind nginx that does not
	signInPage            cost
	hash                  cost // bare argon2id
	signIn                cost // by password
	secondFactor          cost // TOTP
	exchange              cost // of a code for tokens
	userInfo              cost
	authorize             cost // of a signed-in user
	appPage               cost // the signed-in page, in the rounds of these two
	passkey               cost // sign-in, with its page
	startup               time.Duration
	memoryIdle, memoryMax float64 // MB
	served, busy          int     // responses to the burst
}

// measure adds accounts until there are size of them, and measures.
func (t *target) measure(size int) (r results, err error) {
	ctx := context.Background()
	r.people = size
	progress("adding accounts until there are %d", size)
	if err := t.addPeople(ctx, size); err != nil {
		return r, err
	}
	progress("signing in to %d accounts", pendingCount)
	browsers, err := t.prepare(ctx, size)
	if err != nil {
		return r, err
	}
	progress("measuring")
	if r.startup, err = t.measureStartup(); err != nil {
		return r, err
	}
	if r.pageBytes, err = t.resizeLogo(browsers.signedIn); err != nil {
		return r, err
	}
	for _, scenario := range []func(*server, prepared, *results) error{measurePages, t.measureNginx, measureSignIns, measureSecondFactor, measurePasskeys, measureApps, measureMemory} {
		if err := t.withServer(func(s *server) error { return scenario(s, browsers, &r) }); err != nil {
			return r, err
		}
	}
	return r, nil
}

// withServer runs work with a new server.
func (t *target) withServer(work func(*server) error) error {
	s, err := t.start()
	if err != nil {
		return err
	}
	return errors.Join(work(s), s.stop())
}

// measureStartup returns the median time from the start of the process to the
// first page.
func (t *target) measureStartup() (time.Duration, error) {
	var durations []time.Duration
	for range starts {
		start := time.Now()
		err := t.withServer(func(s *server) error {
			return s.withConn(func(c *conn) error {
				_, err := c.do(request("/sign-in", "192.0.2.1", "", ""))
				durations = append(durations, time.Since(start))
				return err
			})
		})
		if err != nil {
			return 0, err
		}
	}
	slices.Sort(durations)
	return durations[len(durations)/2], nil
}

const page = "/account/manage-mfa"

// resizeLogo gives the logo the size of the signed-in page, and returns it.
func (t *target) resizeLogo(signedIn *browser) (size int, err error) {
	err = t.withServer(func(s *server) error {
		return s.withConn(func(c *conn) error {
			err := signedIn.open(c, page)
			size = c.body.Len()
			return err
		})
	})
	return size, errors.Join(err, t.writeLogo(size))
}

// load sends requests on all connections, one after the other on each, until the
// duration has passed or send returns false. The connections are new, because the
// server closes idle ones.
func (s *server) load(duration time.Duration, send func(c *conn) (sent bool, err error)) (cost, error) {
	return s.loadAt(s.address, duration, send)
}

// loadAt is load with another address.
func (s *server) loadAt(address string, duration time.Duration, send func(c *conn) (sent bool, err error)) (cost, error) {
	var responses atomic.Int64
	cpuBefore, err := s.cpu()
	if err != nil {
		return cost{}, err
	}
	start := time.Now()
	err = parallel(connections, func(int) error {
		c, err := dial(address)
		if err != nil {
			return err
		}
		defer c.Close()
		for time.Since(start) < duration {
			sent, err := send(c)
			if err != nil || !sent {
				return err
			}
			responses.Add(1)
		}
		return nil
	})
	elapsed := time.Since(start)
	cpuAfter, cpuErr := s.cpu()
	return cost{int(responses.Load()), elapsed, cpuAfter - cpuBefore}, errors.Join(err, cpuErr)
}

// withConn runs work with a new connection.
func (s *server) withConn(work func(c *conn) error) error {
	c, err := dial(s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	return work(c)
}
