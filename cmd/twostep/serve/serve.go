// Package serve runs the site.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/courier"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/metrics"
	"twostep/cmd/twostep/internal/settings"
	"twostep/cmd/twostep/outbox"
	"twostep/db"
	"twostep/handlers"
)

// A Command is the command line of serve.
type Command struct {
	settings.Flags
	Version string `kong:"-"` // of the program, for administrators
}

// Run serves the site until a signal stops it.
func (c *Command) Run(streams cli.Streams, given cli.Given) error {
	s, err := c.Parse()
	if err != nil {
		return err
	}
	s.Version = c.Version
	s.Policy.Fixed = settings.Fixed(given)
	return serve(cli.SignalContext(), s, c.Exposed(given), streams.Err)
}

// serve runs the site until ctx ends, and then finishes the requests and
// messages in hand. It detects wrong settings before it creates any data.
func serve(ctx context.Context, s settings.Settings, exposed []string, terminal io.Writer) (err error) {
	unlock, err := s.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	createsKeys, createsData := s.LacksKeys(), s.CheckExists() != nil
	couriers, err := openCouriers(ctx, s, terminal)
	if err != nil {
		return err
	}
	listening, err := openListeners(ctx, s)
	if err != nil {
		return err
	}
	defer listening.close()
	noPasskeys := settle(&s, listening.site.Addr())

	store, keys, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := check(ctx, store, s); err != nil {
		return err
	}

	logs := newSiteLog(terminal)
	defer logs.flush()
	log := logs.immediate
	s.Policy.Breached = s.Breached.Rule(log)
	hashes := runtime.GOMAXPROCS(0)
	tuneGC(hashes)
	hasher := auth.NewHasher(auth.DefaultCost, hashes)
	rules := auth.New(store, keys, hasher, s.Policy, time.Now)
	if err := loadSettings(ctx, rules, log); err != nil {
		return err
	}
	apps := oidc.New(store, rules, s.Origin.String())
	config := handlers.Config{
		Name: s.Name, Version: s.Version, URL: s.Origin, TrustedProxies: s.Proxies, AdminNetworks: s.Admins, Accent: s.Accent.Asset, Logo: s.Logo, Links: s.Links,
		RequestTimeout: PageTimeout, Log: log, BufferedLog: logs.buffered, Apps: apps,
	}
	if s.Access != nil {
		rules := newAccessRules(s)
		config.Access = rules.current.Load
		defer inBackground(rules.watch(log))()
	}

	greet(terminal, s, exposed, listening, started{createsKeys, createsData, noPasskeys})
	if listening.metrics != nil { // thousands of series, which take megabytes
		m := metrics.New(store, hasher)
		config.Metrics, couriers = m.Handlers(), m.Couriers(couriers)
		defer inBackground(m.Serve(listening.metrics, log))()
	}
	if listening.proxies != nil {
		defer inBackground(serveProxies(listening.proxies, handlers.NewForwardAuth(rules, config), log))()
	}
	sender := &outbox.Sender{Rules: rules, Couriers: couriers, Apps: apps, Renderer: s.Renderer(), Log: log}
	for _, work := range []func(context.Context){
		watchKeys(keys, log), watchSettings(rules, log), sweep(rules, log), advanceRecoveries(rules, log), remind(rules, log),
		sender.Run, // stops after the last request, which may have queued a message
	} {
		defer inBackground(work)()
	}
	return serveHTTP(ctx, listening.site, handlers.New(rules, keys, config), log)
}

// settle completes the settings by what they leave open, the origin. It reports whether
// passkeys were on, but are off because browsers would not offer them there.
func settle(s *settings.Settings, listening net.Addr) (noPasskeys bool) {
	if s.Origin == nil {
		s.Origin = settings.LocalOrigin(listening)
	}
	s.Policy.Host, s.Policy.Origin = s.Origin.Hostname(), s.Origin.String()
	wanted := s.Policy.Allows(auth.PasskeyPresent)
	settings.FixPasskeys(&s.Policy, s.Origin)
	return wanted && !s.Policy.Allows(auth.PasskeyPresent)
}

// check finds out whether the keys are those of the database, and takes up the messages
// that the last server was sending.
func check(ctx context.Context, store *db.Store, s settings.Settings) error {
	if err := store.CheckKeyring(ctx); err != nil {
		return datadir.WrongKeys(err)
	}
	if s.Database != "" { // other servers may be sending theirs; without it the lock keeps them away
		return nil
	}
	return store.ReleaseMessages(ctx, time.Now())
}

// inBackground starts work and returns a function that stops it and waits.
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

func openCouriers(ctx context.Context, s settings.Settings, terminal io.Writer) (map[auth.Channel]courier.Courier, error) {
	mail, err := s.Mail.Open(terminal)
	if err != nil {
		return nil, &cli.FlagError{Flag: "--mail", Err: err}
	}
	if s.SMS.Signs() {
		if _, err := s.Keyring(ctx); err != nil { // not an error of --sms
			return nil, err
		}
	}
	sms, err := s.SMS.Open(terminal)
	if err != nil {
		return nil, &cli.FlagError{Flag: "--sms", Err: err}
	}
	return map[auth.Channel]courier.Courier{auth.ByEmail: mail, auth.BySMS: sms, auth.ToApps: courier.NewBackchannel()}, nil
}

// started is what a start has found or done that the operator may not expect.
type started struct{ createdKeys, createdData, noPasskeys bool }

// greet prints what a newcomer needs to know first.
func greet(out io.Writer, s settings.Settings, exposed []string, listening listeners, did started) {
	fmt.Fprintf(out, "twostep is ready: open %s (it listens on %s)\n", s.Origin, listening.site.Addr())
	fmt.Fprintf(out, "Data: %s\n", s.Location())
	if did.createdData {
		fmt.Fprintf(out, "This begins a new database. If you expected accounts, check --data, which is %s\n", s.Path)
	}
	if did.createdKeys {
		fmt.Fprintf(out, "New keys were created: every other server on this database needs a copy of %s before its first start\n", s.KeysLocation())
	}
	for _, c := range []struct {
		settings.Courier
		flag, channel string
	}{{s.Mail, "--mail", "Email"}, {s.SMS, "--sms", "SMS"}} {
		if c.Prints() {
			fmt.Fprintf(out, "%s is only printed here, codes included, and not sent (%s=log:)\n", c.channel, c.flag)
		}
	}
	if s.SMS.Signs() {
		fmt.Fprintf(out, "SMS are sent to a webhook; its receiver verifies them with the key in %s\n", s.WebhookKeyFile())
	}
	if s.Accent.Note != "" {
		fmt.Fprintf(out, "--accent: %s\n", s.Accent.Note)
	}
	if s.Policy.Allows(auth.PasskeyPresent) && !s.Policy.Allows(auth.BackupCode) {
		fmt.Fprintln(out, "Warning: --factors has passkey without backup_code: users who lose their passkey need you to reset it")
	}
	if s.Policy.Allows(auth.PhoneCode) && !s.Policy.Allows(auth.PasskeyPresent) && !s.Policy.Allows(auth.TOTPCode) { // SM-01
		fmt.Fprintln(out, "Warning: sms is the only second factor that users can add; add passkey or totp to --factors")
	}
	if settings.Unencrypted(s.Origin) {
		fmt.Fprintf(out, "Warning: --url is %s: passwords and codes cross the network unencrypted; use https\n", s.Origin.Redacted())
	}
	for _, flag := range exposed {
		fmt.Fprintf(out, "Warning: --%s holds a secret, which other users of this machine can read in the process list; set %s instead\n", flag, cli.Variable(flag))
	}
	if did.noPasskeys {
		fmt.Fprintf(out, "Warning: passkeys are off, because browsers offer them only at https:// and a host name; --url is %s\n", s.Origin.Redacted())
	}
	if listening.metrics != nil {
		fmt.Fprintf(out, "Metrics: http://%s/metrics\n", listening.metrics.Addr())
	}
	if listening.proxies != nil {
		fmt.Fprintf(out, "Forward auth: http://%s/forward-auth\n", listening.proxies.Addr())
	}
}
