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

// A person has an account. All its data are derived from the name.
type person struct {
	name string
	app  bool // has an authenticator app and backup codes
}

const (
	password  = "correct horse battery staple"
	userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// personAt returns a numbered person. Even ones have an authenticator app.
func personAt(n int) person { return person{fmt.Sprint("person", n), n%2 == 0} }

// derive returns pseudo-random bytes that are the same in every run.
func (p person) derive(label string) []byte {
	sum := sha256.Sum256([]byte(label + " of " + p.name))
	return sum[:]
}

func (p person) email() string   { return p.name + "@example.org" }
func (p person) totpKey() []byte { return p.derive("key")[:auth.TOTPKeyBytes] }
func (p person) deviceToken() auth.Token {
	return auth.Token(base64.RawURLEncoding.EncodeToString(p.derive("device")))
}

// id returns a row ID. IDs are ascending, so that rows are appended: writing
// random ones, as the server generates, takes five times as long.
func (p person) id(label string) string {
	return p.name + "." + strings.ToLower(base32.StdEncoding.EncodeToString(p.derive(label))[:10])
}

// changes creates the account with a password hash, a session, a known device,
// audit events and, if the person has an app, a TOTP key.
func (p person) changes(hash string, at time.Time) auth.ChangeSet {
	user := auth.UserID(p.id("user"))
	email := auth.Email{Typed: p.email(), Key: p.email()}
	event := func(i int, what auth.EventType, kind auth.FactorKind) auth.RecordEvent {
		return auth.RecordEvent{Event: auth.Event{
			ID: fmt.Sprintf("%013d-%d%s", at.UnixMilli(), i, p.id("event")[:9]), User: user, At: at, Type: what, Factor: kind,
			IP: "192.0.2.1", UserAgent: userAgent,
		}}
	}
	set := auth.ChangeSet{User: user, At: at, Changes: []auth.Change{
		auth.AddUser{User: auth.User{ID: user, Email: email, PasswordHash: hash, PasskeyHandle: auth.NewPasskeyHandle()}, CreatedAt: at},
		auth.BeginSession{Session: auth.Session{
			ID: auth.SessionID(p.id("session")), TokenHash: auth.Token(p.id("token")).Hash(), User: user,
			CreatedAt: at, StartedAt: at, SeenAt: at, PasswordAt: at, FirstKind: auth.Password,
			IP: "192.0.2.1", UserAgent: userAgent,
		}},
		auth.PutKnownDevice{KnownDevice: auth.KnownDevice{ID: p.id("device"), TokenHash: p.deviceToken().Hash(), SeenAt: at, UserAgent: userAgent}},
		event(0, auth.SignedUp, auth.EmailCode),
		event(1, auth.SignedIn, auth.Password),
	}}
	if p.app {
		set.Changes = append(set.Changes,
			auth.PutTOTP{TOTPKey: auth.TOTPKey{User: user, Secret: p.totpKey(), AddedAt: at}}, event(2, auth.TOTPAdded, ""))
	}
	return set
}

// batchSize is the number of accounts written in one transaction.
const batchSize = 5000

// addPeople adds numbered people until there are size of them.
func (t *target) addPeople(ctx context.Context, size int) error {
	store, err := t.openStore(ctx)
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
	next.Store(int64(t.people))
	t.people = size
	return parallel(runtime.GOMAXPROCS(0)+1, func(int) error {
		for {
			first := int(next.Add(batchSize)) - batchSize
			var changeSets []auth.ChangeSet
			for n := first; n < min(first+batchSize, size); n++ {
				changeSets = append(changeSets, personAt(n).changes(hash, at))
			}
			if len(changeSets) == 0 {
				return nil
			}
			if err := dbtest.AddAccounts(ctx, t.database(), t.keys, changeSets); err != nil {
				return err
			}
		}
	})
}

// parallel runs work n times concurrently and returns the first error.
func parallel(n int, work func(i int) error) error {
	errs := make(chan error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs <- work(i) })
	}
	wg.Wait()
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
