package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"twostep/auth"
	"twostep/db"
	"twostep/db/dbtest"
	"twostep/handlers"
)

// cheap is what a hash costs of those who are signed in before measuring
// begins: with the real one it would take minutes.
var cheap = auth.Cost{Memory: 64, Passes: 1, Lanes: 1}

const (
	connections = 32
	steppers    = 4000 // people who stand at the second step
)

// prepared are those who come to the site that is measured.
type prepared struct {
	reader   *visitor   // signed in by both factors
	steppers []*visitor // at the second step, with its page open
}

// prepare adds people and signs them in by a site of our own on the same
// database and with the same keys, whose cookies the program takes for its own.
func (p *place) prepare(ctx context.Context, size int) (prepared, error) {
	store, err := p.open(ctx)
	if err != nil {
		return prepared{}, err
	}
	defer store.Close()
	hasher := auth.NewHasher(cheap, connections)
	hash, err := hasher.Hash(ctx, password)
	if err != nil {
		return prepared{}, err
	}
	var ready prepared
	var grants []dbtest.Account
	for n := range steppers + 1 {
		v := person{fmt.Sprintf("stepper.%07d.%07d", size, n), true}.visits()
		ready.steppers = append(ready.steppers, v)
		grants = append(grants, v.grant(hash, time.Now()))
	}
	ready.reader, ready.steppers = ready.steppers[0], ready.steppers[1:]
	if err := dbtest.AddAccounts(ctx, p.url(), p.keys, grants); err != nil {
		return prepared{}, err
	}
	if err := giveCodes(ctx, store, grants[0].NewUser.ID); err != nil {
		return prepared{}, err
	}
	rules := auth.New(store, p.keys, hasher, auth.Policy{
		Name: "Twostep", Host: "localhost", Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode},
		PasswordMin: auth.PasswordMinSingleFactor, SessionLifetime: auth.SessionLifetimeMax, SessionIdle: auth.SessionIdleMax,
		CodeLifetime: auth.CodeLifetimeMax, Region: "US", Reauth: auth.ReauthPresets["strict"],
	}, time.Now)
	site := handlers.New(rules, p.keys, handlers.Site{
		Name: "Twostep", URL: &url.URL{Scheme: "http", Host: "localhost"}, Log: slog.New(slog.DiscardHandler),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	return ready, ready.enter(site)
}

// giveCodes gives the reader backup codes that nobody knows, for the page to
// count.
func giveCodes(ctx context.Context, store *db.Store, user auth.UserID) error {
	now := time.Now()
	codes := auth.BackupCodeSet{User: user, Salt: "of nothing", UnseenUntil: now, MadeAt: now}
	for n := range auth.BackupCodeCount {
		codes.Hashes = append(codes.Hashes, fmt.Sprint("of nothing ", n))
	}
	given, err := store.ReplaceBackupCodes(ctx, codes, auth.ChangeSet{At: now})
	if err == nil && !given {
		err = errors.New("the reader was given no backup codes")
	}
	return err
}

// enter signs those who come in, by the site, as far as they have to be.
func (ready prepared) enter(site http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: site}
	defer server.Close()
	go func() { _ = server.Serve(listener) }() // until it is closed
	var next atomic.Int64
	return together(connections, func(i int) error {
		c, err := dial(listener.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
		if i == 0 {
			v := ready.reader
			if err := errors.Join(v.signIn(c), v.open(c, "/sign-in"), v.secondStep(c)); err != nil {
				return err
			}
		}
		for {
			n := int(next.Add(1)) - 1
			if n >= len(ready.steppers) {
				return nil
			}
			v := ready.steppers[n]
			if err := errors.Join(v.signIn(c), v.open(c, "/sign-in")); err != nil {
				return err
			}
		}
	})
}
