package dbtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	osuser "os/user"
	"strconv"
	"syscall"
	"time"
)

const stopTimeout = 10 * time.Second

// A process is a running program.
type process struct {
	shell  *exec.Cmd
	stdin  io.Closer // closing it ends the program
	output bytes.Buffer
}

// startProcess starts a program under a shell that ends it when the pipe to the
// shell closes. The system closes it even if the test is killed. PostgreSQL quits
// at once on SIGQUIT, and pgbouncer on SIGTERM.
func startProcess(owner *syscall.Credential, folder string, args []string) (*process, error) {
	p := &process{}
	const script = `"$0" "$@" <&- & read -r _; kill -QUIT $!; kill -TERM $! 2>/dev/null; wait $!`
	p.shell = runAs(owner, folder, exec.Command("sh", append([]string{"-c", script}, args...)...))
	p.shell.Stdout, p.shell.Stderr = &p.output, &p.output
	stdin, err := p.shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	return p, p.shell.Start()
}

// stop ends the program and waits for it. Its exit status does not matter.
func (p *process) stop() {
	_ = p.stdin.Close()
	kill := time.AfterFunc(stopTimeout, func() { _ = syscall.Kill(-p.shell.Process.Pid, syscall.SIGKILL) })
	_ = p.shell.Wait()
	kill.Stop()
}

// processOwner returns the user that runs the server, or nil for the current user.
// PostgreSQL refuses to run as root.
func processOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		found, err := osuser.Lookup(name)
		if err == nil {
			return &syscall.Credential{Uid: parseID(found.Uid), Gid: parseID(found.Gid)}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("find a user to run the server: %w", errors.Join(errs...))
}

func runAs(owner *syscall.Credential, folder string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
	return cmd
}

func parseID(text string) uint32 {
	n, _ := strconv.ParseUint(text, 10, 32)
	return uint32(n)
}
