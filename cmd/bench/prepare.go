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
	"twostep/auth/oidc"
	"twostep/db"
	"twostep/db/dbtest"
	"twostep/handlers"
)

// fastHash is for the accounts that sign in before measuring. With the default
// cost that would take minutes.
var fastHash = auth.Cost{Memory: 64, Passes: 1, Lanes: 1}

const (
	connections  = 32
	pendingCount = 4000
)

// prepared holds the browsers that are signed in before measuring.
type prepared struct {
	signedIn *browser      // by both factors
	pending  []*browser    // by password only, with the page for the second factor open
	passkeys []passkeyUser // signed out

	app         benchApp // of the pending people, with ES256
	userInfoApp benchApp // of the one who is signed in, with the default algorithm
}

// prepare adds accounts and signs in to them through an in-process site with the
// same database and keys, so that the server accepts its cookies.
func (t *target) prepare(ctx context.Context, size int) (prepared, error) {
	store, err := t.openStore(ctx)
	if err != nil {
		return prepared{}, err
	}
	defer store.Close()
	hasher := auth.NewHasher(fastHash, connections)
	hash, err := hasher.Hash(ctx, password)
	if err != nil {
		return prepared{}, err
	}
	var browsers []*browser
	var changeSets []auth.ChangeSet
	for n := range pendingCount + 1 {
		b := person{fmt.Sprintf("pending.%07d.%07d", size, n), true}.newBrowser()
		browsers = append(browsers, b)
		changeSets = append(changeSets, b.changes(hash, time.Now()))
	}
	if err := dbtest.AddAccounts(ctx, t.database(), t.keys, changeSets); err != nil {
		return prepared{}, err
	}
	if err := addBackupCodes(ctx, store, changeSets[0].User); err != nil {
		return prepared{}, err
	}
	passkeys, err := addPasskeyUsers(ctx, store, size, hash)
	if err != nil {
		return prepared{}, err
	}
	service := auth.New(store, t.keys, hasher, auth.Policy{
		Name: "Twostep", Host: "localhost", Factors: []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode},
		PasswordMin: auth.PasswordMinSingleFactor, SessionLifetime: auth.SessionLifetimeMax, SessionIdle: auth.SessionIdleMax,
		CodeLifetime: auth.CodeLifetimeMax, Region: "US", Reauth: auth.ReauthPresets["strict"],
	}, time.Now)
	site := handlers.New(service, t.keys, handlers.Config{
		Name: "Twostep", URL: &url.URL{Scheme: "http", Host: "localhost"}, Log: slog.New(slog.DiscardHandler),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	p := prepared{signedIn: browsers[0], pending: browsers[1:], passkeys: passkeys}
	if p.app, err = addApp(ctx, store, service, oidc.ES256, p.pending...); err != nil {
		return prepared{}, err
	}
	if p.userInfoApp, err = addApp(ctx, store, service, oidc.RS256, p.signedIn); err != nil {
		return prepared{}, err
	}
	return p, errors.Join(p.signIn(site), addHostToken(ctx, store, p.signedIn.person))
}

// addBackupCodes adds codes that are never used, for the page to count.
func addBackupCodes(ctx context.Context, store *db.Store, user auth.UserID) error {
	now := time.Now()
	codes := auth.BackupCodeSet{User: user, Salt: "none", UnseenUntil: now, MadeAt: now}
	for n := range auth.BackupCodeCount {
		codes.Hashes = append(codes.Hashes, fmt.Sprint("none ", n))
	}
	added, err := store.ReplaceBackupCodes(ctx, codes, auth.ChangeSet{At: now})
	if err == nil && !added {
		err = errors.New("backup codes were not added")
	}
	return err
}

// signIn signs the browsers in on site, the pending ones by password only.
func (p prepared) signIn(site http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: site}
	defer server.Close()
	go func() { _ = server.Serve(listener) }() // until it is closed
	var next atomic.Int64
	return parallel(connections, func(i int) error {
		c, err := dial(listener.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
		if i == 0 {
			if err := errors.Join(p.signedIn.signIn(c), p.signedIn.open(c, "/sign-in"), p.signedIn.verifyTOTP(c)); err != nil {
				return err
			}
		}
		for {
			n := int(next.Add(1)) - 1
			if n >= len(p.pending) {
				return nil
			}
			if err := errors.Join(p.pending[n].signIn(c), p.pending[n].open(c, "/sign-in")); err != nil {
				return err
			}
		}
	})
}
