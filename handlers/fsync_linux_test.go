package handlers_test

import (
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// onDeafDisk runs do on a thread of the system whose every fsync fails with an
// input/output error. It answers an error where the kernel does not do that for
// us. The thread ends with the goroutine, which never unlocks it; no other one
// inherits its filter.
func onDeafDisk(do func()) error {
	const load, ifEqual, answer = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, syscall.BPF_RET | syscall.BPF_K
	const allow, fail = 0x7fff0000, 0x00050000 | uint32(syscall.EIO) // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
	filter := []syscall.SockFilter{
		{Code: load, K: 0}, // the number of the call
		{Code: ifEqual, K: syscall.SYS_FSYNC, Jt: 1},
		{Code: ifEqual, K: syscall.SYS_FDATASYNC, Jf: 1},
		{Code: answer, K: fail},
		{Code: answer, K: allow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	ended := make(chan error)
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		const noNewPrivileges, setSeccomp, byFilter = 38, 22, 2
		_, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivileges, 1, 0, 0, 0, 0) // the other asks for it
		if err == 0 {
			_, _, err = syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, byFilter, uintptr(unsafe.Pointer(&program)))
		}
		if err != 0 {
			ended <- err
			return
		}
		do()
	}()
	return <-ended
}

// TestFsync: what the disk has not confirmed is not acknowledged. Each post
// that writes ends on the page for faults, nobody is let in by it, nothing that
// is there once is gone, and on a disk that answers again the same page and the
// same code do it (ST-08, ST-09).
func TestFsync(t *testing.T) {
	w := newWorld(t)
	in := w.browser().signUp(ann)
	key, codes := in.addApp()
	up := w.browser().open("/sign-up").fill("Email address", "bob@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	up.fill("Code", w.code("bob@example.org"))
	out := w.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	app := w.browser().firstStep(ann).sees("Verify your account").fill("Code", w.app(key))
	paper := w.browser().firstStep(ann).sees("Verify your account").fill("Code", codes[0])

	before := w.facts()
	for _, row := range []struct {
		what   string
		b      *browser
		button string
	}{
		{"a sign-up", up, "Verify"},
		{"a password", out, "Continue"},
		{"an app's code", app, "Verify"},
		{"a backup code", paper, "Verify"},
		{"a sign-out", in, "Sign out"},
	} {
		path, form := row.b.form(row.b.button(row.button))
		lost, cookie := (*browser)(nil), row.b.cookie()
		if err := onDeafDisk(func() { lost = row.b.alone(http.MethodPost, path, form) }); err != nil {
			t.Skip("NOT CHECKED what an fsync does that fails: seccomp: ", err)
		}
		if lost.status != http.StatusInternalServerError || requestID.FindString(lost.text()) == "" {
			t.Errorf("%s: %d %s", row.what, lost.status, lost.text())
		}
		if row.b.cookie() != cookie || w.facts() != before {
			t.Errorf("%s did something", row.what)
		}
	}
	up.press("Verify").sees("Account")
	out.press("Continue").sees("Verify your account")
	app.press("Verify").sees("Account")
	paper.press("Verify").sees("Account")
	in.open("/account").sees("Account")
	out.fill("Code", codes[0]).press("Verify").refused(422)
}
