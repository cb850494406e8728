package db

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// selfSigned creates a self-signed certificate for localhost and writes it to a file.
func selfSigned(t *testing.T) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	file = filepath.Join(t.TempDir(), "certificate")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// startTLSProxy starts a TLS proxy for the cluster, which listens on a Unix socket,
// where PostgreSQL does not support TLS, and returns its port. Without a certificate
// it refuses TLS.
func startTLSProxy(t *testing.T, certificate *tls.Certificate) (port int) {
	t.Helper()
	socket := filepath.Join(startCluster(t).Folder(), ".s.PGSQL.5432")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { relay(client, socket, certificate) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		conns.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// relay serves one client. An SSLRequest has eight bytes and its response has one.
func relay(client net.Conn, socket string, certificate *tls.Certificate) {
	defer client.Close()
	if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
		return
	}
	if certificate == nil {
		_, _ = client.Write([]byte("N"))
		return
	}
	_, _ = client.Write([]byte("S"))
	tlsPort := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{*certificate}})
	if tlsPort.Handshake() != nil {
		return
	}
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, tlsPort)
		_ = server.Close()
	}()
	_, _ = io.Copy(tlsPort, server)
}

// The client sends nothing, in particular no password, to a server whose
// certificate is not valid for the host.
func TestOpenPostgres_Certificate(t *testing.T) {
	certificate, file := selfSigned(t)
	tlsPort, plainPort := startTLSProxy(t, &certificate), startTLSProxy(t, nil)
	rootCert := "&sslrootcert=" + url.QueryEscape(file)
	for name, c := range map[string]struct {
		host, settings string
		port           int
		want           string // error; empty for success
	}{
		"trusted":      {"localhost", rootCert, tlsPort, ""},
		"self-signed":  {"localhost", "", tlsPort, "unknown authority"},
		"another name": {"127.0.0.1", rootCert, tlsPort, "127.0.0.1"},
		"no TLS":       {"localhost", rootCert, plainPort, "refused TLS"},
	} {
		databaseURL := fmt.Sprintf("postgres://twostep:hush@%s:%d/migrated?sslmode=verify-full%s", c.host, c.port, c.settings)
		s, err := OpenPostgres(t.Context(), databaseURL, auth.NewKeyring())
		if err == nil {
			must(t, s.Close())
		}
		message := fmt.Sprint(err)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(message, "cannot be used: ") || !strings.Contains(message, c.want) ||
			strings.Contains(message, "hush") || strings.Contains(message, "\n") {
			t.Errorf("%s: error is %q, want %q", name, message, c.want)
		}
	}
}
