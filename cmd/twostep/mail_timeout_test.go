package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

// silentServer returns the address of a server that accepts connections and sends
// nothing, and a function that closes its first connection and stops it.
func silentServer(t *testing.T) (address string, hangUp func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	conns := make(chan net.Conn, 8)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns <- conn
		}
	}()
	return listener.Addr().String(), func() {
		(<-conns).Close()
		listener.Close()
	}
}

// TestProgram_MailTimeout: while the mail server does not answer, pages stay fast.
// When it has failed, the page that asks for the code says so, and the program
// stops on a signal (LG-06).
func TestProgram_MailTimeout(t *testing.T) {
	address, hangUp := silentServer(t)
	p := start(t, t.TempDir(), "--mail=smtp://"+address, "--sms=file:sms")
	v := visit(t, p)
	v.client.Timeout = 5 * time.Second // half of the mail server's, and far more than a page needs
	v.signUpForm("ann@example.org").sees(200, "Verify your email")
	hangUp()
	for line := ""; !strings.Contains(line, "message not sent"); {
		var err error
		if line, err = p.errors.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	const failure = "could not send your code to"
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); { // it is recorded after it is logged
		if strings.Contains(v.open("/sign-up").page.Text(), failure) {
			break
		}
	}
	if text := v.page.Text(); !strings.Contains(text, failure) {
		t.Errorf("the page says %s", text)
	}
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// TestProgram_StopsWhileProvidersHang: on a signal the program waits for the messages in
// hand no longer than one may take, although no provider answers (LG-06).
func TestProgram_StopsWhileProvidersHang(t *testing.T) {
	t.Parallel() // it mostly waits
	began := make(chan struct{}, 2)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		began <- struct{}{}
		<-r.Context().Done()
	}))
	defer hanging.Close()
	folder := t.TempDir()
	p := start(t, folder, "--mail=file:mail", "--sms=webhook:"+hanging.URL)
	v := visit(t, p).signUp(&browserUser{t: t, folder: folder, codesRead: map[string]int{}}, "ann@example.org")
	v.open("/account/add-phone").press("Continue", map[string]string{"phone": "+14155552671"}).sees(200, "Verify phone")
	<-began
	from := time.Now()
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 || time.Since(from) > 2*courier.Timeout {
		t.Errorf("exit code %d after %v: %s", code, time.Since(from), output)
	}
}
