package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/handlers"
)

// Run is the word serve.
func (f *flags) Run(t terminal) error {
	s, err := f.settings()
	if err != nil {
		return err
	}
	return s.serve(untilTold(), t)
}

// serve runs the site until ctx ends, then lets what is under way finish. What
// can be wrong with the settings is tried before anything is made that lasts.
func (s settings) serve(ctx context.Context, t terminal) (err error) {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	s.first = s.isFirst()
	couriers, err := s.openWays(ctx, t)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "--listen", s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	metrics, err := s.listenMetrics(ctx)
	if err != nil {
		return err
	}
	if s.origin == nil {
		s.origin = localOrigin(listener.Addr())
	}
	s.policy.Host = s.origin.Hostname()

	store, keys, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.CheckKeyring(ctx); err != nil {
		return otherRing(err)
	}

	lines := newSiteLog(t.err)
	defer lines.finish()
	log := lines.atOnce
	s.policy.Breached = s.breached.rule(log)
	hashes := runtime.GOMAXPROCS(0)
	collectSeldom(hashes)
	hasher := auth.NewHasher(auth.DefaultCost, hashes)
	counted := newCounts(store, hasher)
	rules := auth.New(store, keys, hasher, s.policy, time.Now)
	site := handlers.New(rules, keys, handlers.Config{
		Name: s.name, URL: s.origin, TrustedProxies: s.proxies, Accent: s.accent.Asset, Logo: s.logo, RequestTimeout: pageWithin, Log: log, BufferedLog: lines.later, Metrics: counted.watch(),
	})
	out := &outbox{rules: rules, couriers: counted.couriers(couriers), product: s.name, origin: s.origin.String(), log: log}

	s.greet(t.err, listener.Addr())
	if metrics != nil {
		fmt.Fprintf(t.err, "Its metrics are at http://%s/metrics\n", metrics.Addr())
		defer inBackground(serveMetrics(metrics, counted, log))()
	}
	defer inBackground(followKeys(keys, log))()
	defer inBackground(sweep(rules, log))()
	defer inBackground(out.run)() // after the last request, whose message may be the one in hand
	return serveHTTP(ctx, listener, site, log)
}

// inBackground starts work and returns what tells it to stop and waits for it.
func inBackground(work func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (s settings) openWays(ctx context.Context, t terminal) (map[auth.Channel]courier.Courier, error) {
	mail, err := s.mail.courier(t.err)
	if err != nil {
		return nil, &badFlag{"--mail", err}
	}
	if s.sms.signed() {
		if _, err := s.ring(ctx); err != nil {
			return nil, err
		}
	}
	sms, err := s.sms.courier(t.err)
	if err != nil {
		return nil, &badFlag{"--sms", err}
	}
	return map[auth.Channel]courier.Courier{auth.ByEmail: mail, auth.BySMS: sms}, nil
}

// greet says in plain words what a newcomer needs to know first.
func (s settings) greet(out io.Writer, listening net.Addr) {
	fmt.Fprintf(out, "twostep is ready: open %s (it listens on %s)\n", s.origin, listening)
	fmt.Fprintf(out, "Its data are in %s\n", s.dataPlace())
	if s.first {
		fmt.Fprintf(out, "The keys were drawn just now: every other server on this database needs a copy of %s before its first start\n", s.keyPlace())
	}
	for _, printed := range []struct {
		way  way
		flag string
		what string
	}{{s.mail, "--mail", "Mail"}, {s.sms, "--sms", "SMS"}} {
		if printed.way.printed() {
			fmt.Fprintf(out, "%s is printed here and goes nowhere, codes included (%s log:)\n", printed.what, printed.flag)
		}
	}
	if s.sms.scheme == "webhook" {
		fmt.Fprintf(out, "SMS go to a webhook, signed; the key for its receiver is in %s\n", filepath.Join(s.data, webhookKeyFile))
	}
	if s.accent.said != "" {
		fmt.Fprintf(out, "--accent: %s\n", s.accent.said)
	}
	if inTheClear(s.origin) {
		fmt.Fprintf(out, "Warning: --url is %s, so passwords and codes cross the network in the clear; use https\n", s.origin.Redacted())
	}
}
