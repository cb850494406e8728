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

// Encryption is how a connection to a mail server is kept from listeners.
type Encryption int

// The kinds of encryption. None of them is a matter of what the server offers:
// somebody in between could take the offer away.
const (
	StartTLS    Encryption = iota // begins in the clear, and goes no further without TLS
	ImplicitTLS                   // TLS from the first byte (RFC 8314)
	Plain                         // for a server on this machine, without a password
)

// An SMTP hands mail to one server, which takes it from there.
type SMTP struct {
	Host       string
	Port       int
	Encryption Encryption
	User       string // empty where the server asks for no password
	Password   string

	From    netmail.Address // sender; the address is ASCII
	Site    string          // host name of the site, which greets the server, and links to which can be clicked
	RootCAs *x509.CertPool  // whose certificates are believed; nil for the system's
	Timeout time.Duration   // for one message, from the call to the server's word that it has it
}

// Send hands a mail over. A connection is made for each: mails are rare, and an
// idle connection is one that the server has closed when it is needed.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	to, err := recipient(m.To)
	if err != nil {
		return &Permanent{err}
	}
	mail, err := s.compose(m, to)
	if err != nil {
		return &Permanent{err}
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return failure(s.who(), err)
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.SetDeadline(time.Unix(1, 0)) })() // long ago: whatever waits, waits no more
	client, err := s.greet(&scant{Conn: connection, left: saidMost})
	if err != nil {
		return err
	}
	if err := s.handOver(client, to, mail); err != nil {
		return err
	}
	// The mail is on its way whatever becomes of the goodbye.
	connection.SetDeadline(time.Now().Add(time.Second))
	_ = client.Quit()
	return nil
}

// greet makes the connection one over which a mail may go: encrypted as asked,
// to the server that bears the name, and signed in to.
func (s *SMTP) greet(connection net.Conn) (*smtp.Client, error) {
	trusted := &tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
	if s.Encryption == ImplicitTLS {
		connection = tls.Client(connection, trusted)
	}
	client, err := smtp.NewClient(connection, s.Host)
	if err != nil {
		return nil, s.refused("the connection", err)
	}
	if err := client.Hello(s.greeting()); err != nil {
		return nil, s.refused("the greeting", err)
	}
	if s.Encryption == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, errors.New(s.who() + " does not offer STARTTLS, without which no mail is given to it")
		}
		if err := client.StartTLS(trusted); err != nil {
			return nil, s.refused("STARTTLS", err)
		}
	}
	return client, s.signIn(client)
}

// greeting is the name by which a client says who it is (RFC 5321 section
// 4.1.3), and never the machine's own, which is nobody's business.
func (s *SMTP) greeting() string { return mailDomain(s.Site) }

// signIn gives the user and the password, in the way that tells the server
// least. The connection is encrypted.
func (s *SMTP) signIn(client *smtp.Client) error {
	if s.User == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(offered))
	var way smtp.Auth
	switch {
	case slices.Contains(ways, "SCRAM-SHA-256"):
		way = smtp.ScramSHA256Auth(s.User, s.Password)
	case slices.Contains(ways, "PLAIN"):
		way = smtp.PlainAuth("", s.User, s.Password, s.Host, false)
	case slices.Contains(ways, "LOGIN"):
		way = smtp.LoginAuth(s.User, s.Password, s.Host, false)
	default:
		return errors.New(s.who() + " offers no way to sign in that is known here: SCRAM-SHA-256, PLAIN or LOGIN")
	}
	if err := client.Auth(way); err != nil {
		return s.refused("the user and the password", err)
	}
	return nil
}

// handOver gives the server a mail. A no to the recipient or to the mail itself
// is about this message alone; one to the sender is about every message, and
// the operator's to put right.
func (s *SMTP) handOver(client *smtp.Client, to string, mail []byte) error {
	client.SkipSMTPUTF8(isASCII(to)) // asked for without need, it makes servers on the way refuse the mail
	if err := client.Mail("<" + s.From.Address + ">"); err != nil {
		return s.refused("the sender", err)
	}
	if err := client.Rcpt("<" + to + ">"); err != nil {
		return permanentIfSo(s.refused("the recipient", err), err)
	}
	data, err := client.Data()
	if err != nil {
		return permanentIfSo(s.refused("the mail", err), err)
	}
	if _, err := data.Write(mail); err != nil {
		return s.refused("the mail", err)
	}
	if err := data.Close(); err != nil {
		return permanentIfSo(s.refused("the mail", err), err)
	}
	return nil
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`) // RFC 2034

// refused words an answer by its numbers alone: the text beside them may quote
// the recipient.
func (s *SMTP) refused(what string, err error) error {
	answer, answered := errors.AsType[*textproto.Error](err)
	if !answered {
		return failure(s.who(), err)
	}
	numbers := strings.TrimSpace(strconv.Itoa(answer.Code) + " " + enhancedCode.FindString(answer.Msg))
	return fmt.Errorf("%s answered %s to %s", s.who(), numbers, what)
}

// permanentIfSo marks what a server said with a number from 500 (RFC 5321
// section 4.2.1).
func permanentIfSo(worded, err error) error {
	if answer, answered := errors.AsType[*textproto.Error](err); answered && 500 <= answer.Code && answer.Code < 600 {
		return &Permanent{worded}
	}
	return worded
}

func (s *SMTP) who() string {
	return "the mail server at " + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// saidMost is how much a server may say in one delivery, in bytes.
const saidMost = 256 << 10

// A scant connection ends when the other side has said too much: a line has no
// limit in the protocol's reader, and a broken server must not fill the memory.
type scant struct {
	net.Conn
	left int
}

func (c *scant) Read(into []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := c.Conn.Read(into[:min(len(into), c.left)])
	c.left -= n
	return n, err
}
