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

// A Twilio sends SMS by the Messages API that Twilio has and others have taken
// over: a form by POST with basic authentication, answers in JSON.
// https://www.twilio.com/docs/messaging/api/message-resource
type Twilio struct {
	Origin string // https://HOST, or http:// for this machine alone
	SID    string // of the account
	Token  string
	From   string       // number, short code or name of the sender
	Client *http.Client // follows no redirect
}

// A sender is a number in E.164, or a short code or a name of up to eleven
// characters, where the country allows one.
var (
	accountSID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	senderName = regexp.MustCompile(`^(\+[1-9][0-9]{4,14}|[A-Za-z0-9][A-Za-z0-9 ]{0,10})$`)
)

// ParseTwilio reads twilio://SID:TOKEN@HOST?from=SENDER. Its error never repeats
// what was given. The scheme follows from the host: plain HTTP for this
// machine, where tests and gateways are, and HTTPS for every other.
func ParseTwilio(given string) (*Twilio, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "twilio" || u.User == nil || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("write twilio://SID:TOKEN@HOST?from=+12025550123, with signs other than letters and digits percent-encoded in the token")
	}
	token, _ := u.User.Password()
	if !accountSID.MatchString(u.User.Username()) || token == "" {
		return nil, errors.New("before the @ of twilio:// stand the account's SID and its token, as SID:TOKEN")
	}
	// The query is read by hand: to url.Values the plus of a number is a blank.
	encoded, found := strings.CutPrefix(u.RawQuery, "from=")
	from, err := url.PathUnescape(encoded)
	if !found || err != nil || !senderName.MatchString(from) {
		return nil, errors.New("twilio:// ends in ?from= and the sender: a number such as +12025550123, or a name of up to eleven letters and digits; nothing follows")
	}
	host, _, err := hostOf(u)
	if err != nil {
		return nil, err
	}
	scheme := "https"
	if loopback(host) {
		scheme = "http"
	}
	return &Twilio{Origin: scheme + "://" + u.Host, SID: u.User.Username(), Token: token, From: from, Client: newHTTPClient()}, nil
}

// Send hands an SMS over. It went when the provider answers with 2xx and the
// message's own SID, as documented: a page in HTML from whatever else answers
// at that host is no promise.
func (t *Twilio) Send(ctx context.Context, m Message) error {
	_, host, _ := strings.Cut(t.Origin, "://")
	who := "the SMS provider at " + host
	form := url.Values{"To": {m.To}, "From": {t.From}, "Body": {m.Body}}.Encode()
	request, err := http.NewRequest(http.MethodPost, t.Origin+"/2010-04-01/Accounts/"+t.SID+"/Messages.json", strings.NewReader(form))
	if err != nil {
		return errors.New(who + ": its address makes no request")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.SetBasicAuth(t.SID, t.Token)
	response, err := post(ctx, t.Client, who, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerMost))
	if !wellDone(response.StatusCode) {
		return t.refusal(who, response.StatusCode, answer)
	}
	if err != nil {
		return failure(who, err)
	}
	var accepted struct {
		SID       string `json:"sid"`
		Status    string `json:"status"`
		ErrorCode *int   `json:"error_code"`
	}
	if err := json.Unmarshal(answer, &accepted); err != nil || accepted.SID == "" {
		return fmt.Errorf("%s answered %d, but not as the Messages API does", who, response.StatusCode)
	}
	if accepted.ErrorCode != nil && *accepted.ErrorCode != 0 {
		return fmt.Errorf("%s took the message and failed: error %d", who, *accepted.ErrorCode)
	}
	if accepted.Status == "failed" || accepted.Status == "undelivered" {
		return fmt.Errorf("%s took the message and failed", who)
	}
	return nil
}

// refusal reads what the provider says of an error.
func (t *Twilio) refusal(who string, status int, answer []byte) error {
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	why := ""
	if json.Unmarshal(answer, &said) == nil && said.Code != 0 {
		why = fmt.Sprintf(": error %d, %s", said.Code, t.hideSecrets(said.Message))
	}
	return refusal(who, status, why)
}

// hideSecrets makes a provider's sentence fit for the log. It may quote the
// recipient, the words with their code, or the account; so every digit is
// covered, whatever way a number is written. One line, cut after 200 signs.
func (t *Twilio) hideSecrets(sentence string) string {
	const most = 200
	sentence = strings.NewReplacer(t.Token, "…", t.SID, "…").Replace(sentence)
	signs := []rune(strings.Map(func(sign rune) rune {
		switch {
		case unicode.IsDigit(sign):
			return '•'
		case !unicode.IsPrint(sign):
			return ' '
		}
		return sign
	}, sentence))
	return string(signs[:min(len(signs), most)])
}
