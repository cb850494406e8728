package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// limitFiles lets no file of a running program grow past so many bytes.
func limitFiles(t *testing.T, p running, bytes uint64) {
	t.Helper()
	const fileSize = 1 // RLIMIT_FSIZE
	limit := syscall.Rlimit{Cur: bytes, Max: ^uint64(0)}
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.Process.Pid), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if err != 0 {
		t.Fatal(err)
	}
}

// TestProgram_DiskFull: while the database cannot grow, visitors get the page
// for faults, pages that only read are there, the process lives and acknowledges
// nothing. With room again everything goes on by itself, and what was refused
// can be done: nothing was spent by it (LG-05, ST-08, ST-09).
func TestProgram_DiskFull(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, "--mail=file:mail")
	mailed := &person{t: t, folder: folder, got: map[string]int{}}
	ann := visit(t, p).signUp(mailed, "ann@example.org")
	bob := visit(t, p).signUpForm("bob@example.org").sees(200, "Verify your email")
	code := map[string]string{"code": mailed.code("mail", "bob@example.org")}
	form := *bob

	log, err := os.Stat(filepath.Join(folder, "data", databaseFile+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, p, uint64(log.Size()))
	bob.press("Verify", code).faulty()
	visit(t, p).signIn("ann@example.org").faulty()
	visit(t, p).signUpForm("eve@example.org").faulty()
	ann.open("/account").sees(200, "Account")
	for _, path := range []string{"/healthz", "/readyz", "/sign-in"} {
		if v := visit(t, p).open(path); v.status != 200 {
			t.Errorf("%s: %d", path, v.status)
		}
	}

	limitFiles(t, p, ^uint64(0))
	visit(t, p).signIn("ann@example.org").sees(200, "Account")
	again := form
	form.press("Verify", code).sees(200, "Account")
	if again.press("Verify", code); again.status == 200 && strings.Contains(again.page.Text(), "Sign out") {
		t.Error("a code was good twice")
	}
	if status, said := p.stop(t, syscall.SIGTERM); status != 0 {
		t.Errorf("exit code %d: %s", status, said)
	}

	p = start(t, folder, "--mail=file:mail")
	ann.at = "http://" + p.address
	ann.open("/account").sees(200, "Account")
	visit(t, p).signIn("bob@example.org").sees(200, "Account")
}

// TestProgram_BackupToFullDisk: a backup that finds no room says so in one
// sentence and leaves nothing behind.
func TestProgram_BackupToFullDisk(t *testing.T) {
	folder := t.TempDir()
	start(t, folder).stop(t, syscall.SIGTERM)
	p := program(t, folder, "backup", "copies/copy")
	if err := os.Mkdir(filepath.Join(folder, "copies"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.Args = append([]string{"sh", "-c", `ulimit -f 64 && exec "$0" "$@"`, p.Path}, p.Args[1:]...)
	var err error
	if p.Path, err = exec.LookPath("sh"); err != nil {
		t.Fatal(err)
	}
	code, said := ends(t, p)
	if code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "backup failed: copy the database: disk") {
		t.Errorf("exit code %d and %q", code, said)
	}
	if left, err := os.ReadDir(filepath.Join(folder, "copies")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
