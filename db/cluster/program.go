package cluster

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

// stopWait is how long a program has to end when it is told to.
const stopWait = 10 * time.Second

// A program is one of the cluster's that runs.
type program struct {
	shell *exec.Cmd
	life  io.Closer // while it is open the program lives
	said  bytes.Buffer
}

// begin starts a program under a shell that ends it when the pipe to it closes,
// which the system does for a test that was killed. PostgreSQL quits without a
// word to its clients, and pgbouncer is told to terminate.
func begin(owner *syscall.Credential, folder string, args []string) (*program, error) {
	p := &program{}
	const script = `"$0" "$@" <&- & read -r _; kill -QUIT $!; kill -TERM $! 2>/dev/null; wait $!`
	p.shell = as(owner, folder, exec.Command("sh", append([]string{"-c", script}, args...)...))
	p.shell.Stdout, p.shell.Stderr = &p.said, &p.said
	life, err := p.shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.life = life
	return p, p.shell.Start()
}

// stop ends the program and waits for its end. How it ended is no matter: it
// was told to.
func (p *program) stop() {
	_ = p.life.Close()
	deaf := time.AfterFunc(stopWait, func() { _ = syscall.Kill(-p.shell.Process.Pid, syscall.SIGKILL) })
	_ = p.shell.Wait()
	deaf.Stop()
}

// serverOwner is who the server runs as. PostgreSQL refuses root, so that then
// it is another; nil stands for who runs the test.
func serverOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		found, err := osuser.Lookup(name)
		if err == nil {
			return &syscall.Credential{Uid: number(found.Uid), Gid: number(found.Gid)}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("nobody to run the server as: %w", errors.Join(errs...))
}

func as(owner *syscall.Credential, folder string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
	return cmd
}

func number(text string) uint32 {
	n, _ := strconv.ParseUint(text, 10, 32)
	return uint32(n)
}
