package main

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/internal/datadir"
)

// closedMail is a mail server that is not there, so that messages stay in the
// queue, sealed.
func closedMail(t *testing.T) string {
	t.Helper()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	return "--mail=smtp://" + nobody.Addr().String()
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// TestProgram_RotateBesideServer: a page that somebody had open before the
// rotation can be sent after it, and what waits sealed is still read.
func TestProgram_RotateBesideServer(t *testing.T) {
	folder := t.TempDir()
	server := start(t, folder, closedMail(t))
	say(t, folder, 0, "was added", "user", "add", "ann@example.org")

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	page, err := browser.Get("http://" + server.address + "/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	form, err := io.ReadAll(page.Body)
	page.Body.Close()
	token := formToken.FindSubmatch(form)
	if err != nil || token == nil {
		t.Fatalf("no token in %s, %v", form, err)
	}

	say(t, folder, 0, "use key 2 now", "keys", "rotate", "--wait=0s")
	for heard := ""; !strings.Contains(heard, "keys 2, 1"); {
		if heard, err = server.errors.ReadString('\n'); err != nil {
			t.Fatalf("the server did not read the ring anew: %v", err)
		}
		if strings.Contains(heard, `"level":"ERROR"`) {
			t.Errorf("it said %s", heard)
		}
	}
	answer, err := browser.PostForm("http://"+server.address+"/sign-in", url.Values{
		"token": {string(token[1])}, "email": {"nobody@example.org"}, "password": {"no such password at all"},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the form from before is answered with %s", answer.Status)
	}
	if code, said := server.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(said, `"level":"ERROR"`) {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// TestProgram_Rotate walks through rotations without a server: one that is begun
// is ended before another key is drawn, and then older keys can go.
func TestProgram_Rotate(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	say(t, folder, 0, "was added", "user", "add", "ann@example.org") // whose mail waits, beside the proof of the ring
	path := filepath.Join(folder, "data", keyFile)

	say(t, folder, 0, "use key 2 now: 2 values", "keys", "rotate")
	wantRing(t, path, "2 1")
	ring, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newest, oldest, _ := strings.Cut(string(ring), "\n")

	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), "3"+strings.TrimSpace(auth.NewKeyring().String())[1:]+"\n"+string(ring)) // as one that was interrupted here
	say(t, folder, 0, "Continuing the rotation to key 3", "keys", "rotate")
	wantRing(t, path, "3 2 1")
	say(t, folder, 0, "use key 4 now", "keys", "rotate")
	wantRing(t, path, "4 3 2 1")

	ring, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), strings.SplitAfter(string(ring), "\n")[0]) // the older ones are needed no more
	start(t, folder, closedMail(t)).stop(t, syscall.SIGTERM)                                            // the mail goes on waiting

	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), newest+"\n"+oldest)
	say(t, folder, 1, "no key 4", "--listen=127.0.0.1:0")
	say(t, folder, 1, "no key 4", "keys", "rotate")
	wantRing(t, path, "2 1")
}

func TestProgram_RotateRefused(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	path := filepath.Join(folder, "data", keyFile)
	ring, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	say(t, folder, 2, "--wait", "keys", "rotate", "--wait=-1s")
	say(t, folder, 2, "--data", "keys", "rotate", "--data=nowhere")
	say(t, folder, 1, "as text", "keys", "rotate", "--keys="+strings.TrimSpace(string(ring)))
	wantRing(t, path, "1")

	unlock, err := datadir.Dir{Path: filepath.Join(folder, "data")}.LockKeys()
	if err != nil {
		t.Fatal(err)
	}
	say(t, folder, 1, "another key rotation", "keys", "rotate")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	wantRing(t, path, "1")
}

// wantRing checks which keys a file holds, newest first, and that it is private.
func wantRing(t *testing.T, path, want string) {
	t.Helper()
	keys, err := datadir.WatchKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(strings.TrimLeft(datadir.KeyNames(keys.IDs()), "keys "), ",", ""); got != want {
		t.Errorf("the ring is %s, want %s", got, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key file is %v, %v", info.Mode(), err)
	}
}
