package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/internal/cmdtest"
)

// siteHosts are the hosts that browsers reach.
var siteHosts = []string{"id.example.org", "wiki.example.org", "ops.example.net"}

// startNetwork starts a forward proxy on which the hosts of the test have this address,
// and others do not exist.
func startNetwork(t *testing.T, address string) string {
	network := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, isHTTPS := strings.CutSuffix(r.Host, ":443")
		to, err := net.Dial("tcp", address)
		if err != nil || !isHTTPS || !slices.Contains(siteHosts, host) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			to.Close()
			return
		}
		go func() { _, _ = io.Copy(to, buffered); to.Close() }()
		_, _ = io.Copy(conn, to)
		conn.Close()
	}))
	t.Cleanup(network.Close)
	return strings.TrimPrefix(network.URL, "http://")
}

// makeCertificate writes cert.pem and cert.key, which the browsers are told to accept.
func makeCertificate(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: siteHosts, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "cert.key": {Type: "PRIVATE KEY", Bytes: der}} {
		cmdtest.WriteFile(t, filepath.Join(folder, name), string(pem.EncodeToMemory(block)))
	}
}
