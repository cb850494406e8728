package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/internal/datadir"
)

// unreachableMail returns a flag for a mail server that does not exist, so that
// messages stay in the queue, encrypted.
func unreachableMail(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	return "--mail=smtp://" + listener.Addr().String()
}

// TestProgram_RotateWhileRunning rotates the keys while a server runs: a page
// loaded before can be submitted afterwards, and queued messages can be read.
func TestProgram_RotateWhileRunning(t *testing.T) {
	folder := t.TempDir()
	server := start(t, folder, unreachableMail(t))
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org")
	v := visit(t, server).open("/sign-in")

	wantOutput(t, folder, 0, "use key 2 now", "keys", "rotate", "--wait=0s")
	for line := ""; !strings.Contains(line, "keys 2, 1"); {
		var err error
		if line, err = server.errors.ReadString('\n'); err != nil {
			t.Fatalf("the server did not reload the keys: %v", err)
		}
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("the log has %s", line)
		}
	}
	v.press("Continue", map[string]string{"email": "nobody@example.org", "password": "no such password at all"}).sees(422, "Sign in")
	if code, output := server.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, `"level":"ERROR"`) {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// TestProgram_Rotate rotates keys without a server: an interrupted rotation is
// finished before another key is added, and then older keys can be removed.
func TestProgram_Rotate(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org") // its mail is queued; the check value of the keyring is encrypted too
	path := filepath.Join(folder, "data", keyFile)

	wantOutput(t, folder, 0, "use key 2 now: 2 values", "keys", "rotate")
	wantKeys(t, path, "2 1")
	keys := cmdtest.ReadFile(t, path)
	newest, oldest, _ := strings.Cut(keys, "\n")

	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), "3"+strings.TrimSpace(auth.NewKeyring().String())[1:]+"\n"+keys) // as if interrupted here
	wantOutput(t, folder, 0, "Continuing the rotation to key 3", "keys", "rotate")
	wantKeys(t, path, "3 2 1")
	wantOutput(t, folder, 0, "use key 4 now", "keys", "rotate")
	wantKeys(t, path, "4 3 2 1")

	keys = cmdtest.ReadFile(t, path)
	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), strings.SplitAfter(keys, "\n")[0]) // without the older ones
	start(t, folder, unreachableMail(t)).stop(t, syscall.SIGTERM)                               // the mail stays queued

	cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), newest+"\n"+oldest)
	wantOutput(t, folder, 1, "no key 4", "--listen=127.0.0.1:0")
	wantOutput(t, folder, 1, "no key 4", "keys", "rotate")
	wantKeys(t, path, "2 1")
}

func TestProgram_RotateRefused(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	path := filepath.Join(folder, "data", keyFile)
	keys := cmdtest.ReadFile(t, path)
	wantOutput(t, folder, 2, "--wait", "keys", "rotate", "--wait=-1s")
	wantOutput(t, folder, 2, "--data", "keys", "rotate", "--data=nowhere")
	wantOutput(t, folder, 1, "as text", "keys", "rotate", "--keys="+strings.TrimSpace(keys))
	wantKeys(t, path, "1")

	unlock, err := datadir.Dir{Path: filepath.Join(folder, "data")}.LockKeys()
	if err != nil {
		t.Fatal(err)
	}
	wantOutput(t, folder, 1, "another key rotation", "keys", "rotate")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, path, "1")
}

// wantKeys checks which keys a file contains, newest first, and its mode.
func wantKeys(t *testing.T, path, want string) {
	t.Helper()
	keys, err := datadir.WatchKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(strings.TrimLeft(datadir.KeyNames(keys.IDs()), "keys "), ",", ""); got != want {
		t.Errorf("the keys are %s, want %s", got, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key file is %v, %v", info.Mode(), err)
	}
}
