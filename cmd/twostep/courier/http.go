package courier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// responseMax is the number of bytes read from a response. Providers need a few
// hundred; the limit keeps a broken one from exhausting memory.
const responseMax = 64 << 10

// newHTTPClient returns a client that gives up after [Timeout] and follows no
// redirect, which would carry the message, and with 307 its body, to a URL that
// the operator did not configure.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = responseMax
	return &http.Client{
		Transport:     transport,
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// do sends a request. The caller closes the response body. Errors are made by
// [connectionError].
func do(ctx context.Context, client *http.Client, provider string, req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "twostep")
	resp, err := client.Do(req.WithContext(ctx))
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL
	}
	if err != nil {
		return nil, connectionError(provider, err)
	}
	return resp, nil
}

// post sends a request to a receiver whose response says no more than its status does.
func post(ctx context.Context, client *http.Client, receiver string, req *http.Request) error {
	resp, err := do(ctx, client, receiver, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !isSuccess(resp.StatusCode) {
		return statusError(receiver, resp.StatusCode, "")
	}
	return nil
}

func isSuccess(status int) bool { return 200 <= status && status <= 299 }

// statusError returns the error for a status other than 2xx. A 4xx status means
// that the message itself is at fault, except those that ask to retry later
// (408, 429) and those about the key or the URL: the same message is accepted
// once the operator corrects them.
func statusError(provider string, status int, detail string) error {
	err := fmt.Errorf("%s returned status %d%s", provider, status, detail)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooManyRequests:
		return err
	}
	switch status / 100 {
	case 4:
		return &Permanent{err}
	case 3:
		return fmt.Errorf("%w; redirects are not followed", err)
	}
	return err
}
