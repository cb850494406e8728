package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// limitFiles limits the size of the files that a running program writes.
func limitFiles(t *testing.T, p server, bytes uint64) {
	t.Helper()
	const fileSize = 1 // RLIMIT_FSIZE
	limit := syscall.Rlimit{Cur: bytes, Max: ^uint64(0)}
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.Process.Pid), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if err != 0 {
		t.Fatal(err)
	}
}

// TestProgram_DiskFull: while the database cannot grow, pages that write show the
// error page, /readyz returns 503, and pages that only read work. The server keeps running and confirms
// nothing that is not stored. With free space everything works again, and codes
// sent meanwhile are still valid (LG-05, ST-08, ST-09).
func TestProgram_DiskFull(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, "--mail=file:mail")
	mailbox := &browserUser{t: t, folder: folder, codesRead: map[string]int{}}
	ann := visit(t, p).signUp(mailbox, "ann@example.org")
	bob := visit(t, p).signUpForm("bob@example.org").sees(200, "Verify your email")
	code := map[string]string{"code": mailbox.code("mail", "bob@example.org")}
	form := *bob

	log, err := os.Stat(filepath.Join(folder, "data", databaseFile+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, p, uint64(log.Size()))
	bob.press("Verify", code).seesFault()
	visit(t, p).signIn("ann@example.org").seesFault()
	visit(t, p).signUpForm("eve@example.org").seesFault()
	ann.open("/account").sees(200, "Account")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/sign-in": 200} {
		if v := visit(t, p).open(path); v.status != want {
			t.Errorf("%s: %d, want %d", path, v.status, want)
		}
	}

	limitFiles(t, p, ^uint64(0))
	visit(t, p).open("/readyz").sees(200, "")
	visit(t, p).signIn("ann@example.org").sees(200, "Account")
	again := form
	form.press("Verify", code).sees(200, "Account")
	if again.press("Verify", code); again.status == 200 && strings.Contains(again.page.Text(), "Sign out") {
		t.Error("a code was accepted twice")
	}
	if status, output := p.stop(t, syscall.SIGTERM); status != 0 {
		t.Errorf("exit code %d: %s", status, output)
	}

	p = start(t, folder, "--mail=file:mail", "--listen="+p.address) // cookies are named by the port
	ann.open("/account").sees(200, "Account")
	visit(t, p).signIn("bob@example.org").sees(200, "Account")
}

// onFullDisk makes a program unable to write more than this to any file.
func onFullDisk(t *testing.T, p *exec.Cmd, kilobytes int) *exec.Cmd {
	t.Helper()
	p.Args = append([]string{"sh", "-c", fmt.Sprint("ulimit -f ", 2*kilobytes, ` && exec "$0" "$@"`), p.Path}, p.Args[1:]...)
	var err error
	if p.Path, err = exec.LookPath("sh"); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProgram_BackupToFullDisk: a backup that runs out of space reports it in one
// line and leaves no file.
func TestProgram_BackupToFullDisk(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	if err := os.Mkdir(filepath.Join(folder, "copies"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, output := runToEnd(t, onFullDisk(t, program(t, folder, "backup", "copies/copy"), 32))
	if code != 1 || strings.Count(output, "\n") != 1 || !strings.Contains(output, "backup failed: copy the database: disk") {
		t.Errorf("exit code %d and %q", code, output)
	}
	if left, err := os.ReadDir(filepath.Join(folder, "copies")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// TestProgram_StartOnFullDisk: commands that cannot open the database say why in one line.
// With free space the server starts, on data that it created only in part, too.
func TestProgram_StartOnFullDisk(t *testing.T) {
	for _, exists := range []bool{true, false} {
		folder := t.TempDir()
		if exists {
			start(t, folder).stop(t, syscall.SIGTERM)
		}
		for _, args := range [][]string{{"serve", "--listen=127.0.0.1:0"}, {"user", "add", "ann@example.org"}} {
			code, output := runToEnd(t, onFullDisk(t, program(t, folder, args...), 8))
			if code != 1 || strings.Count(output, "\n") != 1 || !strings.HasPrefix(output, "twostep: the disk of the database is full: ") {
				t.Errorf("%v, data exists %v: exit code %d and %q", args, exists, code, output)
			}
		}
		if code, output := start(t, folder).stop(t, syscall.SIGTERM); code != 0 {
			t.Errorf("data existed %v: exit code %d and %q", exists, code, output)
		}
	}
}
