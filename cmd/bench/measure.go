package main

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"
)

const (
	rounds       = 6                      // each takes every kind of request in turn, so that all see the same machine
	slice        = 500 * time.Millisecond // of one kind in a round
	longSlice    = 1500 * time.Millisecond
	starts       = 7
	atRest       = 2 * time.Second // after the first page
	flood        = 1000            // sign-ins at once
	signersLeast = flood           // so that each is somebody else
)

// A cost is what so many answers took: of the clock, and of the server's
// processors.
type cost struct {
	answers   int
	took, cpu time.Duration
}

func (c *cost) add(more cost) {
	c.answers += more.answers
	c.took += more.took
	c.cpu += more.cpu
}

func (c cost) rate() float64       { return float64(c.answers) / c.took.Seconds() }
func (c cost) each() time.Duration { return c.cpu / time.Duration(max(c.answers, 1)) }

// figures are one column of the table.
type figures struct {
	people       int
	bytes        int // of the signed-in page and of the static file
	static       cost
	page         cost
	signInPage   cost
	hash         cost // bare, in this program
	signIn       cost // by password
	second       cost // TOTP
	first        time.Duration
	rest, most   float64 // MB
	served, busy int     // of the flood
}

// measure makes the crowd as large as size and measures.
func (p *place) measure(size int) (f figures, err error) {
	ctx := context.Background()
	f.people = size
	progress("adding people until there are %d", size)
	if err := p.fill(ctx, size); err != nil {
		return f, err
	}
	progress("signing %d of them in", steppers)
	ready, err := p.prepare(ctx, size)
	if err != nil {
		return f, err
	}
	progress("measuring")
	if f.first, err = p.startings(); err != nil {
		return f, err
	}
	if f.bytes, err = p.level(ready.reader); err != nil {
		return f, err
	}
	for _, part := range []func(*server, prepared, *figures) error{pages, signIns, secondSteps, memory} {
		if err := p.serving(func(s *server) error { return part(s, ready, &f) }); err != nil {
			return f, err
		}
	}
	return f, nil
}

// serving runs work on a server of its own.
func (p *place) serving(work func(*server) error) error {
	s, err := p.start()
	if err != nil {
		return err
	}
	return errors.Join(work(s), s.stop())
}

// startings is how long it takes from the start of the process to its first
// page, the median of some.
func (p *place) startings() (time.Duration, error) {
	var took []time.Duration
	for range starts {
		begun := time.Now()
		err := p.serving(func(s *server) error {
			return s.with(func(c *conn) error {
				_, err := c.ask(request("/sign-in", "192.0.2.1", "", ""))
				took = append(took, time.Since(begun))
				return err
			})
		})
		if err != nil {
			return 0, err
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

const page = "/account/manage-mfa"

// level makes the logo as large as the signed-in page is.
func (p *place) level(reader *visitor) (size int, err error) {
	err = p.serving(func(s *server) error {
		return s.with(func(c *conn) error {
			err := reader.open(c, page)
			size = c.body.Len()
			return err
		})
	})
	return size, errors.Join(err, p.draw(size))
}

// load lets every connection ask, one request after the other, until the time
// is up or nothing is left to ask. The connections are new: the program closes
// those on which nothing comes for a while.
func (s *server) load(during time.Duration, ask func(c *conn) (more bool, err error)) (cost, error) {
	var answers atomic.Int64
	before, err := s.cpu()
	if err != nil {
		return cost{}, err
	}
	begun := time.Now()
	err = together(connections, func(int) error {
		return s.with(func(c *conn) error {
			for time.Since(begun) < during {
				more, err := ask(c)
				if err != nil || !more {
					return err
				}
				answers.Add(1)
			}
			return nil
		})
	})
	took := time.Since(begun)
	after, fault := s.cpu()
	return cost{int(answers.Load()), took, after - before}, errors.Join(err, fault)
}

// with lends a new connection.
func (s *server) with(work func(c *conn) error) error {
	c, err := dial(s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	return work(c)
}
