package main

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deaf is a provider that picks up and says nothing, until it hangs up.
func deaf(t *testing.T) (address string, hangUp func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	calls := make(chan net.Conn, 8)
	go func() {
		for {
			call, err := listener.Accept()
			if err != nil {
				return
			}
			calls <- call
		}
	}()
	return listener.Addr().String(), func() { // once somebody has called
		(<-calls).Close()
		listener.Close()
	}
}

// TestProgram_MailHangs: while the mail server says nothing, pages are quick;
// once it has failed the page that asks for the code says so, and the program
// ends when it is told to (LG-06).
func TestProgram_MailHangs(t *testing.T) {
	address, hangUp := deaf(t)
	p := start(t, t.TempDir(), "--mail=smtp://"+address, "--sms=file:sms")
	jar, _ := cookiejar.New(nil)
	client := http.Client{Jar: jar, Timeout: 5 * time.Second} // half of what the mail server gets, and far more than a page needs
	read := func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	page := "http://" + p.address + "/sign-up"
	token := formToken.FindStringSubmatch(read(client.Get(page)))
	if token == nil {
		t.Fatal("there is no form")
	}
	form := url.Values{"token": {token[1]}, "action": {"continue"}, "email": {"ann@example.org"}, "password": {visitorsPassword}}
	if said := read(client.PostForm(page, form)); !strings.Contains(said, "Verify your email") {
		t.Fatalf("it said %s", said)
	}
	hangUp()
	for line := ""; !strings.Contains(line, "message not sent"); {
		var err error
		if line, err = p.errors.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	// The log comes first, the note in the queue follows it.
	said := read(client.Get(page))
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(said, "could not send your code to") && time.Now().Before(deadline); {
		said = read(client.Get(page))
	}
	if !strings.Contains(said, "could not send your code to") {
		t.Errorf("it says %s", said)
	}
	if code, said := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, said)
	}
}
