package main

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"

	"twostep/auth"
)

var logoURL = regexp.MustCompile(`/static/logo\.[0-9a-f]+\.svg`)

// again asks for the same page over and over.
func again(path string, v *visitor) func(*conn) (bool, error) {
	ask := request(path, v.address, v.cookies(), "")
	return func(c *conn) (bool, error) {
		a, err := c.ask(ask)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("GET %s: %d: %s", path, a.status, c.body.Bytes())
		}
		return true, err
	}
}

func pages(s *server, ready prepared, f *figures) error {
	stranger := person{name: "stranger"}.visits()
	var logo string
	err := s.with(func(c *conn) error {
		err := errors.Join(ready.reader.open(c, page), stranger.open(c, "/sign-in"))
		logo = string(logoURL.Find(c.body.Bytes()))
		return err
	})
	if err != nil {
		return err
	}
	kinds := []struct {
		of  *cost
		ask func(*conn) (bool, error)
	}{
		{&f.static, again(logo, stranger)},
		{&f.page, again(page, ready.reader)},
		{&f.signInPage, again("/sign-in", stranger)},
	}
	for round := range rounds + 1 {
		for _, kind := range kinds {
			more, err := s.load(slice, kind.ask)
			if err != nil {
				return err
			}
			if round > 0 { // the first warms up
				kind.of.add(more)
			}
		}
	}
	return nil
}

// signIns measures sign-ins by password against bare hashes, in turn. As many
// hashes run at once as the server runs.
func signIns(s *server, ready prepared, f *figures) error {
	var next atomic.Int64
	for round := range rounds/2 + 1 {
		bare, err := hashes(longSlice)
		if err != nil {
			return err
		}
		signIn, err := s.load(longSlice, func(c *conn) (bool, error) {
			n := (2*int(next.Add(1)) + 1) % f.people // an odd one, without an app
			return true, crowdPerson(n).visits().signIn(c)
		})
		if err != nil {
			return err
		}
		if round > 0 {
			f.hash.add(bare)
			f.signIn.add(signIn)
		}
	}
	return nil
}

// hashes runs argon2id as the program does, and nothing else. Each takes 19 MiB
// anew, and what that costs depends on the collector: it is set as the program
// sets its own, or a ratio would compare the two settings.
func hashes(during time.Duration) (cost, error) {
	c, parallel := auth.DefaultCost, runtime.GOMAXPROCS(0)
	defer debug.SetGCPercent(debug.SetGCPercent(auth.HeapGrowth))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(c.HeapLimit(parallel)))
	var answers atomic.Int64
	begun, before := time.Now(), ownCPU()
	err := together(parallel, func(int) error {
		for time.Since(begun) < during {
			argon2.IDKey([]byte(password), make([]byte, 16), c.Passes, c.Memory, c.Lanes, 32)
			answers.Add(1)
		}
		return nil
	})
	return cost{int(answers.Load()), time.Since(begun), ownCPU() - before}, err
}

func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it has no way to fail
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// secondSteps lets everybody through the second step who stands there.
func secondSteps(s *server, ready prepared, f *figures) error {
	var next atomic.Int64
	step := func(most int) (cost, error) {
		return s.load(time.Minute, func(c *conn) (bool, error) {
			n := int(next.Add(1)) - 1
			if n >= most {
				return false, nil
			}
			return true, ready.steppers[n].secondStep(c)
		})
	}
	if _, err := step(steppers / 10); err != nil { // warms up
		return err
	}
	next.Store(steppers / 10)
	var err error
	f.second, err = step(steppers)
	return err
}

// memory is what the server holds at rest, and at most while a flood of
// sign-ins waits.
func memory(s *server, _ prepared, f *figures) error {
	stranger := crowdPerson(1).visits()
	err := s.with(func(c *conn) error { return stranger.open(c, "/sign-in") })
	if err != nil {
		return err
	}
	time.Sleep(atRest)
	if f.rest, err = s.memory("VmRSS"); err != nil {
		return err
	}
	var served, busy atomic.Int64
	err = together(flood, func(i int) error {
		return s.with(func(c *conn) error {
			v := crowdPerson(i % f.people).visits()
			v.cookie, v.token = stranger.cookie, stranger.token
			a, err := c.ask(v.post("/sign-in", "continue", v.passwords()))
			switch {
			case err != nil:
				return err
			case a.status == 303:
				served.Add(1)
			case a.status == 503:
				busy.Add(1)
			default:
				return fmt.Errorf("a sign-in of many: %d: %s", a.status, c.body.Bytes())
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	f.served, f.busy = int(served.Load()), int(busy.Load())
	f.most, err = s.memory("VmHWM")
	return err
}
