package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"twostep/cmd/twostep/internal/cmdtest"
)

// Names of the files in the data folder, a documented interface.
const (
	databaseFile = "twostep.db"
	keyFile      = "keys"
	lockFile     = "lock"
)

// binaryFolder is the folder of the binary.
var binaryFolder string

func TestMain(m *testing.M) {
	flag.Parse()
	err := flag.Set("test.parallel", "8") // the long ones mostly wait for other processes
	if err != nil {
		panic(err)
	}
	if binaryFolder, err = os.MkdirTemp("", "twostep-test-*"); err != nil {
		panic(err)
	}
	code := cmdtest.Main(m)
	os.RemoveAll(binaryFolder)
	os.Exit(code)
}

const testVersion = "v1.2.3-4-gabcdef0"

// build builds the binary as it is released, without cgo, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(binaryFolder, "twostep")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-X main.version="+testVersion, "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// program returns a command that runs the binary in a folder, without variables of
// the program.
func program(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = folder
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "TWOSTEP_") })
	return cmd
}

// A server is a running program that has printed that it is ready.
type server struct {
	*exec.Cmd
	address string        // listened on
	origin  string        // as printed
	errors  *bufio.Reader // standard error
}

var ready = regexp.MustCompile(`^twostep is ready: open (https?://\S+) \(it listens on (\S+)\)\n$`)

func start(t *testing.T, folder string, args ...string) server {
	t.Helper()
	return startProgram(t, program(t, folder, append([]string{"--listen=127.0.0.1:0"}, args...)...))
}

func startProgram(t *testing.T, p *exec.Cmd) server {
	t.Helper()
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() }) // if the test fails
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	found := ready.FindStringSubmatch(first)
	if err != nil || found == nil {
		t.Fatalf("printed %q, %v", first, err)
	}
	return server{Cmd: p, origin: found[1], address: found[2], errors: lines}
}

// stop sends a signal and returns the exit code and the rest of the output.
func (r server) stop(t *testing.T, signal os.Signal) (code int, output string) {
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
				if v := visit(t, p).open(path); v.status != http.StatusOK {
					t.Errorf("%s: status %d", path, v.status)
				}
			}
			code, output := p.stop(t, signal)
			if code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if strings.Contains(output, "only printed") || strings.Contains(output, "Warning") {
				t.Errorf("printed %s", output)
			}
			wantPrivate(t, filepath.Join(folder, "data"))
		})
	}
}

// wantPrivate checks that other users cannot read the data folder.
func wantPrivate(t *testing.T, folder string) {
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
	var keys [2]string
	for i := range keys {
		p := start(t, folder)
		if code, output := p.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "begins a new database") != (i == 0) {
			t.Fatalf("exit code %d: %s", code, output)
		}
		keys[i] = cmdtest.ReadFile(t, path)
	}
	if keys[0] != keys[1] {
		t.Error("the second start changed the keys")
	}

	cmdtest.Rename(t, path, path+".moved")
	if code, output := runToEnd(t, program(t, folder, "--listen=127.0.0.1:0")); code != 1 || strings.Count(output, "\n") != 1 || !strings.Contains(output, "--keys") {
		t.Errorf("without its keys: exit code %d and %q", code, output)
	}
	p := start(t, folder, "--keys=file:"+path+".moved")
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("with its keys by --keys: exit code %d: %s", code, output)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a key file was created although --keys was given")
	}
}

func TestProgram_Warnings(t *testing.T) {
	p := start(t, t.TempDir(), "serve", "--url=http://example.org", "--sms=file:sms")
	code, output := p.stop(t, syscall.SIGTERM)
	if !strings.Contains(output, "Warning: passkeys are off") {
		t.Errorf("no warning of passkeys: %s", output)
	}
	if code != 0 || !strings.Contains(output, "Email is only printed here") || strings.Contains(output, "SMS is only printed here") || !strings.Contains(output, "Warning: --url is http://example.org") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// TestProgram_FactorWarnings: the operator is warned that users who lose a passkey will
// need help, and that SMS has no alternative (SM-01).
func TestProgram_FactorWarnings(t *testing.T) {
	lost, alone := "Warning: --factors has passkey without backup_code", "Warning: sms is the only second factor"
	for flag, want := range map[string]string{
		"--factors=passkey,totp":        lost,
		"--factors=totp,sms":            "",
		"--factors=passkey,backup_code": "",
		"--factors=sms,backup_code":     alone,
	} {
		_, output := start(t, t.TempDir(), flag, "--mail=file:mail", "--sms=file:sms").stop(t, syscall.SIGTERM)
		for _, warning := range []string{lost, alone} {
			if strings.Contains(output, warning) != (warning == want) {
				t.Errorf("%s: printed %s", flag, output)
			}
		}
	}
}

// TestProgram_SecretFlag: a secret on the command line is warned of, and one in the
// environment is not.
func TestProgram_SecretFlag(t *testing.T) {
	const mail = "smtp://ann:s3cret@127.0.0.1:1"
	_, output := start(t, t.TempDir(), "--mail="+mail).stop(t, syscall.SIGTERM)
	if !strings.Contains(output, "Warning: --mail holds a secret") || !strings.Contains(output, "TWOSTEP_MAIL") || strings.Contains(output, "s3cret") {
		t.Errorf("printed %s", output)
	}
	p := program(t, t.TempDir(), "--listen=127.0.0.1:0")
	p.Env = append(p.Env, "TWOSTEP_MAIL="+mail)
	if _, output := startProgram(t, p).stop(t, syscall.SIGTERM); strings.Contains(output, "Warning") {
		t.Errorf("printed %s", output)
	}
}

// TestProgram_PrintedCode: a newcomer without a mail server finds the code on the
// last line of the printed message.
func TestProgram_PrintedCode(t *testing.T) {
	p := start(t, t.TempDir())
	v := visit(t, p).signUpForm("ann@example.org").sees(200, "Verify your email")
	var line string
	for !strings.HasPrefix(line, "│ Code: ") {
		var err error
		if line, err = p.errors.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	v.press("Verify", map[string]string{"code": strings.TrimPrefix(line, "│ Code: ")}).sees(200, "Account")
	p.stop(t, syscall.SIGTERM)
}

func TestProgram_AddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	code, output := runToEnd(t, program(t, folder, "--listen", taken.Addr().String()))
	if want := "twostep: --listen: " + taken.Addr().String() + " is in use by another program\n"; code != 1 || output != want {
		t.Errorf("exit code %d and %q, want 1 and %q", code, output, want)
	}
}

func TestProgram_BadVariable(t *testing.T) {
	p := program(t, t.TempDir(), "serve")
	p.Env = append(p.Env, "TWOSTEP_URL=localhost")
	if code, output := runToEnd(t, p); code != 2 || strings.Count(output, "\n") != 1 || !strings.Contains(output, "--url") {
		t.Errorf("exit code %d and %q", code, output)
	}
}

func TestProgram_Version(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"serve", "--version", "--url=nonsense"}} {
		out, err := program(t, t.TempDir(), args...).Output()
		if want := "twostep " + testVersion + " " + runtime.Version(); err != nil || !strings.HasPrefix(string(out), want) || bytes.Count(out, []byte("\n")) != 1 {
			t.Errorf("%v: printed %q, %v, want %s", args, out, err, want)
		}
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

// runToEnd runs a program that ends by itself.
func runToEnd(t *testing.T, p *exec.Cmd) (code int, output string) {
	t.Helper()
	var stderr bytes.Buffer
	p.Stderr = &stderr
	p.Run()
	return p.ProcessState.ExitCode(), stderr.String()
}

func get(t *testing.T, url string) (resp *http.Response, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(content)
}
