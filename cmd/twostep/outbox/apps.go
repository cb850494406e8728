package outbox

import (
	"context"
	"sync"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
)

// runApps sends messages to apps until ctx ends, and finishes those in hand. Each app
// that messages are due for has a worker, so that an app that hangs delays no other. No
// user waits for these messages, so nothing signals them.
func (s *Sender) runApps(ctx context.Context) {
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	var workers sync.WaitGroup
	defer workers.Wait()
	var busy sync.Map // channels that have a worker
	for {
		channels, err := s.Apps.LogoutChannels(ctx)
		s.logQueue(ctx, auth.ToApps, err)
		for _, channel := range channels {
			if _, found := busy.LoadOrStore(channel, true); !found {
				workers.Go(func() {
					defer busy.Delete(channel)
					s.sendDue(ctx, channel)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// composeLogout signs the token of a message to an app.
func (s *Sender) composeLogout(ctx context.Context, m auth.Message) (courier.Message, error) {
	uri, token, err := s.Apps.LogoutToken(ctx, m)
	return courier.Message{Channel: string(m.Channel), To: uri, Body: token}, err
}
