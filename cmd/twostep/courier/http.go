package courier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// answerMost is how much of an answer is read, in bytes: providers need a few
// hundred for what they have to say, and a broken one must not fill the memory.
const answerMost = 64 << 10

// newHTTPClient returns a client that leaves a silent provider after Patience
// and follows no redirect: it would carry a message, and with 307 its body, to
// an address that the operator never gave.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = answerMost
	return &http.Client{
		Transport:     transport,
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends a request and returns the answer, whose body its caller closes. Its
// error is a [failure] of who.
func post(ctx context.Context, client *http.Client, who string, request *http.Request) (*http.Response, error) {
	request.Header.Set("User-Agent", "twostep")
	response, err := client.Do(request.WithContext(ctx))
	if whole, found := errors.AsType[*url.Error](err); found {
		err = whole.Err // without the address
	}
	if err != nil {
		return nil, failure(who, err)
	}
	return response, nil
}

// wellDone reports whether a status says that the message was taken.
func wellDone(status int) bool { return 200 <= status && status <= 299 }

// ofTheDoor are the answers that say nothing of the message.
var ofTheDoor = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
	http.StatusRequestTimeout, http.StatusTooManyRequests,
}

// refusal is what a status other than 2xx means. With 408 and 429 a provider
// asks to come back, and what is wrong with the door is put right by the
// operator, after which the same message goes: a key, an address. Any other 4xx
// says that the message is at fault.
func refusal(who string, status int, why string) error {
	err := fmt.Errorf("%s answered %d%s", who, status, why)
	switch {
	case slices.Contains(ofTheDoor, status):
		return err
	case 400 <= status && status < 500:
		return &Permanent{err}
	case 300 <= status && status < 400:
		return fmt.Errorf("%w, and redirects are not followed", err)
	}
	return err
}
