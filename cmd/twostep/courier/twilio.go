package courier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// A Twilio sends SMS through Twilio's Messages API, which other providers
// implement too.
// https://www.twilio.com/docs/messaging/api/message-resource
type Twilio struct {
	Origin string // https://HOST, or http:// for this machine
	SID    string // of the account
	Token  string
	From   string       // number, short code or name of the sender
	Client *http.Client // follows no redirect
}

// A sender is an E.164 number, a short code, or a name of up to eleven
// characters where the country permits one.
var (
	accountSID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	senderName = regexp.MustCompile(`^(\+[1-9][0-9]{4,14}|[A-Za-z0-9][A-Za-z0-9 ]{0,10})$`)
)

// ParseTwilio parses twilio://SID:TOKEN@HOST?from=SENDER. Errors never repeat the
// input. Hosts on this machine, such as tests and gateways, are contacted by
// HTTP, all others by HTTPS.
func ParseTwilio(given string) (*Twilio, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "twilio" || u.User == nil || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("must be twilio://SID:TOKEN@HOST?from=+12025550123; percent-encode special characters in the token")
	}
	token, _ := u.User.Password()
	if !accountSID.MatchString(u.User.Username()) || token == "" {
		return nil, errors.New("must have the account's SID and token before the @, as SID:TOKEN")
	}
	// url.Values would decode the plus sign of a number as a space.
	encoded, found := strings.CutPrefix(u.RawQuery, "from=")
	from, err := url.PathUnescape(encoded)
	if !found || err != nil || !senderName.MatchString(from) {
		return nil, errors.New("must end in ?from= and the sender: a number such as +12025550123, or a name of up to eleven letters and digits")
	}
	host, _, err := hostPort(u)
	if err != nil {
		return nil, err
	}
	scheme := "https"
	if isLoopback(host) {
		scheme = "http"
	}
	return &Twilio{Origin: scheme + "://" + u.Host, SID: u.User.Username(), Token: token, From: from, Client: newHTTPClient()}, nil
}

// Send submits an SMS. It succeeds only if the provider returns 2xx and a
// message SID, as documented: another server at that host may respond 200 with
// an HTML page.
func (t *Twilio) Send(ctx context.Context, m Message) error {
	_, host, _ := strings.Cut(t.Origin, "://")
	provider := "SMS provider " + host
	form := url.Values{"To": {m.To}, "From": {t.From}, "Body": {m.Body}}.Encode()
	req, err := http.NewRequest(http.MethodPost, t.Origin+"/2010-04-01/Accounts/"+t.SID+"/Messages.json", strings.NewReader(form))
	if err != nil {
		return errors.New(provider + ": invalid URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(t.SID, t.Token)
	resp, err := do(ctx, t.Client, provider, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, responseMax))
	if !isSuccess(resp.StatusCode) {
		return statusError(provider, resp.StatusCode, t.errorDetail(body))
	}
	if err != nil {
		return connectionError(provider, err)
	}
	var created struct {
		SID       string `json:"sid"`
		Status    string `json:"status"`
		ErrorCode *int   `json:"error_code"`
	}
	if err := json.Unmarshal(body, &created); err != nil || created.SID == "" {
		return fmt.Errorf("%s returned status %d without a message SID", provider, resp.StatusCode)
	}
	if created.ErrorCode != nil && *created.ErrorCode != 0 {
		return fmt.Errorf("%s could not send the message: error %d", provider, *created.ErrorCode)
	}
	if created.Status == "failed" || created.Status == "undelivered" {
		return fmt.Errorf("%s could not send the message: status %s", provider, created.Status)
	}
	return nil
}

// errorDetail formats the code and the message of an error response, or returns
// "" if there are none.
func (t *Twilio) errorDetail(body []byte) string {
	var response struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &response) != nil || response.Code == 0 {
		return ""
	}
	return fmt.Sprintf(": error %d, %s", response.Code, t.redact(response.Message))
}

// redact makes a provider's error message safe to log. It may quote the
// recipient, the text with its code, or the account, so all digits are masked,
// however a number is formatted. The result is one line of at most 200
// characters.
func (t *Twilio) redact(message string) string {
	const maxRunes = 200
	message = strings.NewReplacer(t.Token, "…", t.SID, "…").Replace(message)
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '•'
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, message))
	return string(runes[:min(len(runes), maxRunes)])
}
