package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"twostep/cmd/twostep/internal/cmdtest"
)

// Names of the files in the data folder, as the documentation has them.
const (
	databaseFile = "twostep.db"
	keyFile      = "keys"
	lockFile     = "lock"
)

// binaryFolder is where build puts the binary.
var binaryFolder string

func TestMain(m *testing.M) {
	var err error
	if binaryFolder, err = os.MkdirTemp("", "twostep-test-*"); err != nil {
		panic(err)
	}
	code := cmdtest.Main(m)
	os.RemoveAll(binaryFolder)
	os.Exit(code)
}

// build makes the real binary, once for all tests, as it is shipped: without C.
var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(binaryFolder, "twostep")
	make := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	make.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := make.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// program is the binary in an empty folder, with no variable of ours set.
func program(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(binary, args...)
	program.Dir = folder
	program.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "TWOSTEP_") })
	return program
}

// A running program that has said it is ready.
type running struct {
	*exec.Cmd
	address string        // it listens on
	origin  string        // it said to open
	errors  *bufio.Reader // what else it says
}

var ready = regexp.MustCompile(`^twostep is ready: open (http://\S+) \(it listens on (\S+)\)\n$`)

func start(t *testing.T, folder string, args ...string) running {
	t.Helper()
	p := program(t, folder, append([]string{"--listen=127.0.0.1:0"}, args...)...)
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() }) // where the test ended too early
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	found := ready.FindStringSubmatch(first)
	if err != nil || found == nil {
		t.Fatalf("it said %q, %v", first, err)
	}
	return running{Cmd: p, origin: found[1], address: found[2], errors: lines}
}

// stop sends a signal and returns the exit code and what was said until then.
func (r running) stop(t *testing.T, signal os.Signal) (code int, said string) {
	t.Helper()
	if err := r.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r.errors)
	if err != nil {
		t.Fatal(err)
	}
	r.Wait()
	return r.ProcessState.ExitCode(), string(rest)
}

func TestProgram_ServesAndStops(t *testing.T) {
	for name, signal := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			p := start(t, folder, "--mail=file:mail", "--sms=file:sms")
			if _, port, _ := net.SplitHostPort(p.address); p.origin != "http://localhost:"+port {
				t.Errorf("it listens on %s and says to open %s", p.address, p.origin)
			}
			for _, path := range []string{"/healthz", "/readyz", "/sign-in"} {
				answer, err := http.Get("http://" + p.address + path)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", path, answer.Status)
				}
			}
			code, said := p.stop(t, signal)
			if code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if strings.Contains(said, "only printed") || strings.Contains(said, "Warning") {
				t.Errorf("it said %s", said)
			}
			ownersAlone(t, filepath.Join(folder, "data"))
		})
	}
}

// ownersAlone checks that nobody else can read what the program has made.
func ownersAlone(t *testing.T, folder string) {
	t.Helper()
	names := map[string]bool{}
	filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		names[filepath.Base(path)] = true
		return nil
	})
	if !names[keyFile] || !names[databaseFile] {
		t.Errorf("the data folder holds %v", names)
	}
}

func TestProgram_SecondStartKeepsKeys(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "data", keyFile)
	var rings [2][]byte
	for i := range rings {
		p := start(t, folder)
		if code, said := p.stop(t, syscall.SIGTERM); code != 0 {
			t.Fatalf("exit code %d: %s", code, said)
		}
		ring, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rings[i] = ring
	}
	if !bytes.Equal(rings[0], rings[1]) {
		t.Error("the second start wrote other keys")
	}

	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if code, said := ends(t, program(t, folder, "--listen=127.0.0.1:0")); code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "--keys") {
		t.Errorf("without its keys: exit code %d and %q", code, said)
	}
	p := start(t, folder, "--keys=file:"+path+".away")
	if code, said := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("with its keys by --keys: exit code %d: %s", code, said)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a key file was made although --keys was given")
	}
}

func TestProgram_SaysWhereCodesGoAndWarnsOfHTTP(t *testing.T) {
	p := start(t, t.TempDir(), "serve", "--url=http://example.org", "--sms=file:sms")
	code, said := p.stop(t, syscall.SIGTERM)
	if code != 0 || !strings.Contains(said, "Email is only printed here") || strings.Contains(said, "SMS is only printed here") || !strings.Contains(said, "Warning: --url is http://example.org") {
		t.Errorf("exit code %d, and it said %s", code, said)
	}
}

func TestProgram_AddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	code, said := ends(t, program(t, folder, "--listen", taken.Addr().String()))
	if want := "twostep: --listen: " + taken.Addr().String() + " is in use by another program\n"; code != 1 || said != want {
		t.Errorf("exit code %d and %q, want 1 and %q", code, said, want)
	}
}

func TestProgram_BadVariable(t *testing.T) {
	p := program(t, t.TempDir(), "serve")
	p.Env = append(p.Env, "TWOSTEP_URL=localhost")
	if code, said := ends(t, p); code != 2 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "--url") {
		t.Errorf("exit code %d and %q", code, said)
	}
}

func TestProgram_Version(t *testing.T) {
	p := program(t, t.TempDir(), "version")
	out, err := p.Output()
	if err != nil || !bytes.HasPrefix(out, []byte("twostep ")) || bytes.Count(out, []byte("\n")) != 1 {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestProgram_Help(t *testing.T) {
	out, err := program(t, t.TempDir(), "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--listen", "$TWOSTEP_LISTEN", "--trusted-proxies", "$TWOSTEP_TRUSTED_PROXIES"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s is missing in\n%s", want, out)
		}
	}
}

// ends runs a program that is expected to end by itself.
func ends(t *testing.T, p *exec.Cmd) (code int, said string) {
	t.Helper()
	var stderr bytes.Buffer
	p.Stderr = &stderr
	p.Run()
	return p.ProcessState.ExitCode(), stderr.String()
}
