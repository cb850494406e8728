package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"twostep/auth"
	"twostep/db/dbtest"
)

// A person of the database. All there is to know follows from the name.
type person struct {
	name string
	app  bool // has an authenticator app, and backup codes
}

const password = "correct horse battery staple"

// crowdPerson is one of the many. Every second one has an app.
func crowdPerson(n int) person { return person{fmt.Sprint("person", n), n%2 == 0} }

// drawn are bytes that look drawn and are the same each time.
func (p person) drawn(what string) []byte {
	sum := sha256.Sum256([]byte(what + " of " + p.name))
	return sum[:]
}

func (p person) email() string { return p.name + "@example.org" }
func (p person) key() []byte   { return p.drawn("key")[:auth.TOTPKeyBytes] }
func (p person) marker() auth.Token {
	return auth.Token(base64.RawURLEncoding.EncodeToString(p.drawn("marker")))
}

// id names a row. Names grow, so that rows are added at the end of their tables:
// scattered ones, as the program's own, take five times as long to write.
func (p person) id(what string) string {
	return p.name + "." + strings.ToLower(base32.StdEncoding.EncodeToString(p.drawn(what))[:10])
}

// grant is all that stands about a person who uses one browser: the account with
// a password of that hash, a session, an app, a history.
func (p person) grant(hash string, at time.Time) dbtest.Account {
	user := auth.UserID(p.id("user"))
	email := auth.Email{Typed: p.email(), Key: p.email()}
	event := func(i int, what auth.EventType, kind auth.FactorKind) auth.Event {
		return auth.Event{
			ID: fmt.Sprintf("%013d-%d%s", at.UnixMilli(), i, p.id("event")[:9]), User: user, At: at, Type: what, Factor: kind,
			IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		}
	}
	g := dbtest.Account{
		NewUser: &auth.NewUser{User: auth.User{ID: user, Email: email, PasswordHash: hash}, CreatedAt: at},
		Session: &auth.Session{
			ID: auth.SessionID(p.id("session")), TokenHash: auth.Token(p.id("handle")).Hash(), User: user,
			CreatedAt: at, StartedAt: at, SeenAt: at, PasswordAt: at,
			IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		},
		Device: &auth.KnownDevice{User: user, TokenHash: p.marker().Hash(), SeenAt: at},
		Events: []auth.Event{event(0, auth.SignedUp, auth.EmailCode), event(1, auth.SignedIn, auth.Password)},
	}
	if p.app {
		g.TOTP = &auth.TOTPKey{User: user, Secret: p.key(), AddedAt: at}
		g.Events = append(g.Events, event(2, auth.TOTPAdded, ""))
	}
	return g
}

// adding is how many people are written in one transaction.
const adding = 5000

// fill makes the crowd as large as size.
func (p *place) fill(ctx context.Context, size int) error {
	store, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	hash, err := auth.NewHasher(auth.DefaultCost, 1).Hash(ctx, password)
	if err != nil {
		return err
	}
	at := time.Now()
	var next atomic.Int64
	next.Store(int64(p.crowd))
	p.crowd = size
	return together(runtime.GOMAXPROCS(0)+1, func(int) error {
		for {
			from := int(next.Add(adding)) - adding
			var grants []dbtest.Account
			for n := from; n < min(from+adding, size); n++ {
				grants = append(grants, crowdPerson(n).grant(hash, at))
			}
			if len(grants) == 0 {
				return nil
			}
			if err := dbtest.AddAccounts(ctx, p.url(), p.keys, grants); err != nil {
				return err
			}
		}
	})
}

// together runs work so many times at once, and returns the first error.
func together(times int, work func(i int) error) error {
	errs := make(chan error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { errs <- work(i) })
	}
	all.Wait()
	for range times {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
