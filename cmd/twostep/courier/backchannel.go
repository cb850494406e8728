package courier

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// A Backchannel posts logout tokens to apps (OpenID Connect Back-Channel Logout 1.0
// section 2.5). Only the operator registers where, so hosts of private networks are
// allowed; a redirect could lead anywhere and is not followed.
type Backchannel struct{ client *http.Client }

// NewBackchannel returns a courier of messages whose recipient is the URI of an app and
// whose body is the token.
func NewBackchannel() *Backchannel { return &Backchannel{newHTTPClient()} }

// Send posts a token.
func (b *Backchannel) Send(ctx context.Context, m Message) error {
	form := url.Values{"logout_token": {m.Body}}
	req, err := http.NewRequest(http.MethodPost, m.To, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("app: invalid back-channel URI")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return post(ctx, b.client, "app at "+req.URL.Host, req)
}
