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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A mailServer is an SMTP server on a free port of this machine. It accepts one
// user and one password, and records commands and mails.
type mailServer struct {
	port     int
	roots    *x509.CertPool    // trust its certificate
	startTLS bool              // offer STARTTLS
	implicit bool              // use TLS from the first byte
	auth     string            // mechanisms offered under TLS
	ascii    bool              // do not offer SMTPUTF8
	replies  map[string]string // error replies by command, including "connect" and "."
	silentAt string            // command without a reply
	cert     tls.Certificate

	mu       sync.Mutex
	commands []string
	mails    [][]byte
	wg       sync.WaitGroup // the listener and its connections
}

const mailUser, mailPassword = "ann@example.org", "s3cret/?#"

// startMailServer starts server with a certificate for names.
func startMailServer(t *testing.T, server *mailServer, names ...string) *mailServer {
	t.Helper()
	server.cert, server.roots = selfSigned(t, names...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.port = listener.Addr().(*net.TCPAddr).Port
	server.wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server.wg.Go(func() {
				defer conn.Close()
				server.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		server.wg.Wait() // the client has closed every connection
	})
	return server
}

func (s *mailServer) serve(conn net.Conn) {
	encrypted := s.implicit
	if s.implicit {
		conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
	}
	client := textproto.NewConn(conn)
	if !s.reply(client, "connect", "220 mail.example.org ESMTP") {
		return
	}
	for {
		line, err := client.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		ok := true
		switch strings.ToUpper(verb) {
		case "EHLO":
			offers := []string{"mail.example.org", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"}
			if s.ascii {
				offers = []string{"mail.example.org", "8BITMIME", "ENHANCEDSTATUSCODES"}
			}
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
			ok = s.reply(client, verb, strings.TrimSuffix(lines.String(), "\r\n"))
		case "STARTTLS":
			if ok = s.reply(client, verb, "220 go ahead"); ok {
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
				client, encrypted = textproto.NewConn(conn), true
			}
		case "AUTH":
			ok = s.authenticate(client, rest)
		case "MAIL", "RCPT":
			ok = s.reply(client, verb, "250 2.1.0 ok")
		case "DATA":
			if ok = s.reply(client, verb, "354 go ahead"); !ok || s.replies[verb] != "" {
				continue
			}
			mail, err := io.ReadAll(client.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			ok = s.reply(client, ".", "250 2.0.0 queued")
		case "QUIT":
			s.reply(client, verb, "221 bye")
			return
		default:
			client.PrintfLine("502 5.5.1 unknown command")
		}
		if !ok {
			return
		}
	}
}

// authenticate supports PLAIN and LOGIN.
func (s *mailServer) authenticate(client *textproto.Conn, args string) bool {
	mechanism, initial, _ := strings.Cut(args, " ")
	given, _ := base64.StdEncoding.DecodeString(initial)
	if mechanism == "LOGIN" {
		for _, prompt := range []string{"Username:", "Password:"} {
			client.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(prompt)))
			line, err := client.ReadLine()
			if err != nil {
				return false
			}
			part, _ := base64.StdEncoding.DecodeString(line)
			given = append(append(given, 0), part...)
		}
	}
	if string(given) != "\x00"+mailUser+"\x00"+mailPassword {
		return s.reply(client, "AUTH", "535 5.7.8 "+string(given[1:])+" is wrong")
	}
	return s.reply(client, "AUTH", "235 2.7.0 welcome")
}

// reply sends the configured reply to a command, or else ok. If the server is to
// be silent, it waits until the client disconnects.
func (s *mailServer) reply(client *textproto.Conn, verb, ok string) bool {
	if verb == s.silentAt {
		io.Copy(io.Discard, client.R)
		return false
	}
	if configured := s.replies[verb]; configured != "" {
		ok = configured
	}
	return client.PrintfLine("%s", ok) == nil
}

// received returns the commands and mails so far.
func (s *mailServer) received() (commands []string, mails [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands), slices.Clone(s.mails)
}

// selfSigned returns a certificate for names and a pool that trusts it.
func selfSigned(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
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

// listen serves every connection to a free port with serve, and waits for all
// connections at the end of the test.
func listen(t *testing.T, serve func(conn net.Conn, r *bufio.Reader)) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn))
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}
