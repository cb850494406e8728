package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"twostep/cmd/twostep/internal/settings"
)

// listeners are the addresses on which the server listens; nil for those that are off.
type listeners struct{ site, metrics, proxies net.Listener }

// openListeners listens on every address that the settings give.
func openListeners(ctx context.Context, s settings.Settings) (l listeners, err error) {
	for _, address := range []struct {
		opened *net.Listener
		flag   string
		value  string
	}{
		{&l.site, "--listen", s.Listen},
		{&l.metrics, "--metrics", s.Metrics},
		{&l.proxies, "--forward-auth", s.ForwardAuth},
	} {
		if address.value == "" && address.opened != &l.site {
			continue
		}
		if *address.opened, err = listen(ctx, address.flag, address.value); err != nil {
			l.close()
			return l, err
		}
	}
	return l, nil
}

func (l listeners) close() {
	for _, listener := range []net.Listener{l.site, l.metrics, l.proxies} {
		if listener != nil {
			listener.Close()
		}
	}
}

// listen listens on the address of a flag.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is in use by another program", flag, address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return listener, nil
}
