package handlers_test

import (
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// withFailingFsync runs do on an operating system thread in which every fsync fails
// with EIO. It returns an error if the kernel does not allow the seccomp filter. As
// the goroutine does not unlock the thread, the thread ends with it, and no other
// inherits the filter.
func withFailingFsync(do func()) error {
	const load, ifEqual, result = syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, syscall.BPF_RET | syscall.BPF_K
	const allow, fail = 0x7fff0000, 0x00050000 | uint32(syscall.EIO) // SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
	filter := []syscall.SockFilter{
		{Code: load, K: 0}, // the system call's number
		{Code: ifEqual, K: syscall.SYS_FSYNC, Jt: 1},
		{Code: ifEqual, K: syscall.SYS_FDATASYNC, Jf: 1},
		{Code: result, K: fail},
		{Code: result, K: allow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	done := make(chan error)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		const noNewPrivileges, setSeccomp, filterMode = 38, 22, 2
		_, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivileges, 1, 0, 0, 0, 0) // required by the next call
		if err == 0 {
			_, _, err = syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, filterMode, uintptr(unsafe.Pointer(&program)))
		}
		if err != 0 {
			done <- err
			return
		}
		do()
	}()
	return <-done
}

// Nothing is acknowledged before the disk has confirmed it. Each post that writes
// shows the error page, signs nobody in and consumes nothing. Once the disk works
// again, the same form and code succeed (ST-08, ST-09).
func TestFault_FailedFsync(t *testing.T) {
	site := newSite(t)
	in := site.browser().signUp(ann)
	key, codes := in.addTOTP()
	up := site.browser().startSignUp("bob@example.org", password).wantHeading("Verify your email")
	up.fill("Code", site.lastCode("bob@example.org"))
	out := site.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	app := site.browser().signIn(ann).wantHeading("Verify your account").fill("Code", site.totpCode(key))
	backup := site.browser().signIn(ann).wantHeading("Verify your account").fill("Code", codes[0])

	before := site.accountData()
	for _, row := range []struct {
		name   string
		b      *browser
		button string
	}{
		{"a sign-up", up, "Verify"},
		{"a password", out, "Continue"},
		{"a TOTP code", app, "Verify"},
		{"a backup code", backup, "Verify"},
		{"a sign-out", in, "Sign out"},
	} {
		path, form := row.b.form(row.b.button(row.button))
		got, cookie := (*browser)(nil), row.b.cookie()
		if err := withFailingFsync(func() { got = row.b.fetch(http.MethodPost, path, form) }); err != nil {
			t.Skip("NOT CHECKED: failed fsync: seccomp: ", err)
		}
		if got.status != http.StatusInternalServerError || requestID.FindString(got.text()) == "" {
			t.Errorf("%s: %d %s", row.name, got.status, got.text())
		}
		if row.b.cookie() != cookie || site.accountData() != before {
			t.Errorf("%s changed something", row.name)
		}
	}
	up.press("Verify").wantHeading("Account")
	out.press("Continue").wantHeading("Verify your account")
	app.press("Verify").wantHeading("Account")
	backup.press("Verify").wantHeading("Account")
	in.open("/account").wantHeading("Account")
	out.enterCode(codes[0]).wantError(422)
}
