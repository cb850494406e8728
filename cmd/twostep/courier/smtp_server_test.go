package courier_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// A mailServer is a real SMTP server on a free port of this machine. It takes
// one user and one password, and keeps what it was told.
type mailServer struct {
	port     int
	roots    *x509.CertPool    // that trust it
	startTLS bool              // offers STARTTLS
	implicit bool              // speaks TLS from the first byte
	auth     string            // ways to sign in that it offers under TLS
	answers  map[string]string // instead of yes, by command; "connect" and "." too
	silentAt string            // command that it never answers
	certs    tls.Certificate

	mu    sync.Mutex
	told  []string // commands, in order; passwords decoded
	mails [][]byte
	gone  sync.WaitGroup // connections
}

const mailUser, mailPassword = "ann@example.org", "s3cret/?#"

// startMailServer starts it, set up by the caller, with a certificate for names.
func startMailServer(t *testing.T, server *mailServer, names ...string) *mailServer {
	t.Helper()
	server.certs, server.roots = certificate(t, names...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.port = listener.Addr().(*net.TCPAddr).Port
	server.gone.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			server.gone.Go(func() {
				defer connection.Close()
				server.serve(connection)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		server.gone.Wait() // every connection was closed by the other side
	})
	return server
}

func (s *mailServer) serve(connection net.Conn) {
	encrypted := s.implicit
	if s.implicit {
		connection = tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{s.certs}})
	}
	talk := textproto.NewConn(connection)
	if !s.answer(talk, "connect", "220 mail.example.org ESMTP") {
		return
	}
	for {
		line, err := talk.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		s.note(line)
		ok := true
		switch strings.ToUpper(verb) {
		case "EHLO":
			offers := []string{"mail.example.org", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"}
			if s.startTLS && !encrypted {
				offers = append(offers, "STARTTLS")
			}
			if s.auth != "" && encrypted {
				offers = append(offers, "AUTH "+s.auth)
			}
			var lines strings.Builder
			for i, offer := range offers {
				dash := "-"
				if i == len(offers)-1 {
					dash = " "
				}
				fmt.Fprintf(&lines, "250%s%s\r\n", dash, offer)
			}
			ok = s.answer(talk, verb, strings.TrimSuffix(lines.String(), "\r\n"))
		case "STARTTLS":
			if ok = s.answer(talk, verb, "220 go ahead"); ok {
				connection = tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{s.certs}})
				talk, encrypted = textproto.NewConn(connection), true
			}
		case "AUTH":
			ok = s.signIn(talk, rest)
		case "MAIL", "RCPT":
			ok = s.answer(talk, verb, "250 2.1.0 ok")
		case "DATA":
			if ok = s.answer(talk, verb, "354 go ahead"); !ok || s.answers[verb] != "" {
				continue
			}
			mail, err := io.ReadAll(talk.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			ok = s.answer(talk, ".", "250 2.0.0 queued")
		case "QUIT":
			s.answer(talk, verb, "221 bye")
			return
		default:
			talk.PrintfLine("502 5.5.1 what?")
		}
		if !ok {
			return
		}
	}
}

// signIn takes PLAIN and LOGIN.
func (s *mailServer) signIn(talk *textproto.Conn, how string) bool {
	way, first, _ := strings.Cut(how, " ")
	given, _ := base64.StdEncoding.DecodeString(first)
	if way == "LOGIN" {
		for _, ask := range []string{"Username:", "Password:"} {
			talk.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(ask)))
			line, err := talk.ReadLine()
			if err != nil {
				return false
			}
			part, _ := base64.StdEncoding.DecodeString(line)
			given = append(append(given, 0), part...)
		}
	}
	if string(given) != "\x00"+mailUser+"\x00"+mailPassword {
		return s.answer(talk, "AUTH", "535 5.7.8 "+string(given[1:])+" is wrong")
	}
	return s.answer(talk, "AUTH", "235 2.7.0 welcome")
}

// answer says what was set up, or yes. With silence it waits until the other
// side has gone.
func (s *mailServer) answer(talk *textproto.Conn, verb, yes string) bool {
	if verb == s.silentAt {
		io.Copy(io.Discard, talk.R)
		return false
	}
	if other := s.answers[verb]; other != "" {
		yes = other
	}
	return talk.PrintfLine("%s", yes) == nil
}

func (s *mailServer) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, line)
}

// heard returns what was said to the server, and the mails that it has read.
func (s *mailServer) heard() (told []string, mails [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(told, s.told...), append(mails, s.mails...)
}

// certificate makes one for names that signs itself, and a pool that trusts it.
func certificate(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

// listener answers every connection on a free port with talk, and waits for
// all of them at the end.
func listener(t *testing.T, talk func(connection net.Conn, lines *bufio.Reader)) (port int) {
	t.Helper()
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			connection, err := listening.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer connection.Close()
				talk(connection, bufio.NewReader(connection))
			})
		}
	})
	t.Cleanup(func() {
		listening.Close()
		all.Wait()
	})
	return listening.Addr().(*net.TCPAddr).Port
}
