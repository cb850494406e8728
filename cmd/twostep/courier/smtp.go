package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Encryption is how the connection to a mail server is encrypted.
type Encryption int

// The kinds of encryption. The configuration selects one, never what the server
// offers: an attacker on the network can strip STARTTLS from the offer.
const (
	StartTLS    Encryption = iota // upgraded to TLS, or not used
	ImplicitTLS                   // TLS from the first byte (RFC 8314)
	Plain                         // for a server on this machine without a password
)

// An SMTP submits mail to one server, which relays it.
type SMTP struct {
	Host       string
	Port       int
	Encryption Encryption
	User       string // empty if the server needs no authentication
	Password   string

	From    netmail.Address // sender; the address is ASCII
	Site    string          // host name of the site, for EHLO
	RootCAs *x509.CertPool  // nil for those of the system
	Timeout time.Duration   // for one message, including the connection
}

// Send submits a mail. Each one opens a connection: mails are rare, and servers
// close idle connections.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	to, err := parseRecipient(m.To)
	if err != nil {
		return &Permanent{err}
	}
	mail, err := s.compose(m, to)
	if err != nil {
		return &Permanent{err}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return connectionError(s.name(), err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })() // a past deadline unblocks reads and writes
	client, err := s.connect(&limitedConn{Conn: conn, remaining: readMax})
	if err != nil {
		return err
	}
	if err := s.submit(client, to, mail); err != nil {
		return err
	}
	// The server has the mail, so QUIT may fail.
	conn.SetDeadline(time.Now().Add(time.Second))
	_ = client.Quit()
	return nil
}

// connect starts an SMTP session with the configured encryption, a verified
// certificate and, if there is a user, authentication.
func (s *SMTP) connect(conn net.Conn) (*smtp.Client, error) {
	config := &tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
	if s.Encryption == ImplicitTLS {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, s.Host)
	if err != nil {
		return nil, s.rejected("the connection", err)
	}
	// The EHLO name (RFC 5321 section 4.1.3) does not reveal the machine's own.
	if err := client.Hello(mailDomain(s.Site)); err != nil {
		return nil, s.rejected("EHLO", err)
	}
	if s.Encryption == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, errors.New(s.name() + " does not offer STARTTLS, which is required")
		}
		if err := client.StartTLS(config); err != nil {
			return nil, s.rejected("STARTTLS", err)
		}
	}
	return client, s.authenticate(client)
}

// authenticate prefers SCRAM, which does not reveal the password to the server.
// The connection is already encrypted.
func (s *SMTP) authenticate(client *smtp.Client) error {
	if s.User == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	var auth smtp.Auth
	switch {
	case slices.Contains(mechanisms, "SCRAM-SHA-256"):
		auth = smtp.ScramSHA256Auth(s.User, s.Password)
	case slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", s.User, s.Password, s.Host, false)
	case slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(s.User, s.Password, s.Host, false)
	default:
		return errors.New(s.name() + " offers no supported authentication mechanism (SCRAM-SHA-256, PLAIN or LOGIN)")
	}
	if err := client.Auth(auth); err != nil {
		return s.rejected("the user name or password", err)
	}
	return nil
}

// submit sends a mail. A 5xx reply to the recipient or the mail is permanent. One
// to the sender is not: it affects every message, and the operator can correct it.
func (s *SMTP) submit(client *smtp.Client, to string, mail []byte) error {
	if offered, _ := client.Extension("SMTPUTF8"); !offered && !isASCII(to) { // it might deliver to another mailbox
		return &Permanent{errors.New(s.name() + " does not support recipients with letters outside ASCII (SMTPUTF8)")}
	}
	client.SkipSMTPUTF8(isASCII(to)) // requested without need, it makes some relays reject the mail
	if err := client.Mail("<" + s.From.Address + ">"); err != nil {
		return s.rejected("the sender", err)
	}
	if err := client.Rcpt("<" + to + ">"); err != nil {
		return permanentIf5xx(s.rejected("the recipient", err), err)
	}
	data, err := client.Data()
	if err != nil {
		return permanentIf5xx(s.rejected("the mail", err), err)
	}
	if _, err := data.Write(mail); err != nil {
		return s.rejected("the mail", err)
	}
	if err := data.Close(); err != nil {
		return permanentIf5xx(s.rejected("the mail", err), err)
	}
	return nil
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`) // RFC 2034

// rejected describes an SMTP reply by its codes. The text of the reply may quote
// the recipient.
func (s *SMTP) rejected(what string, err error) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return connectionError(s.name(), err)
	}
	codes := strings.TrimSpace(strconv.Itoa(reply.Code) + " " + enhancedCode.FindString(reply.Msg))
	return fmt.Errorf("%s rejected %s: %s", s.name(), what, codes)
}

// permanentIf5xx makes err permanent if its cause is a 5xx reply (RFC 5321 section
// 4.2.1).
func permanentIf5xx(err, cause error) error {
	if reply, ok := errors.AsType[*textproto.Error](cause); ok && reply.Code/100 == 5 {
		return &Permanent{err}
	}
	return err
}

func (s *SMTP) name() string {
	return "mail server " + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// readMax is the number of bytes read from a server during one delivery.
const readMax = 256 << 10

// A limitedConn fails after remaining bytes: the protocol's reader does not limit
// the length of a line, and a broken server must not exhaust memory.
type limitedConn struct {
	net.Conn
	remaining int
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.remaining <= 0 {
		return 0, errors.New("response too long")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.remaining)])
	c.remaining -= n
	return n, err
}
