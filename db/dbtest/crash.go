package dbtest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Signal sends the server a signal: SIGQUIT and SIGKILL abort running
// transactions, and SIGSTOP makes the server hang.
func (p *Postgres) Signal(signal syscall.Signal) error {
	file, err := os.ReadFile(filepath.Join(p.Data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	pid, err := strconv.Atoi(string(first))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, signal)
}

// Restart starts a server again that a signal has ended, on the same data. The
// server refuses to start while a process of the previous one is still running,
// so it is retried.
func (p *Postgres) Restart() error {
	p.processes[0].stop()
	var errs []error
	for timeout := time.Second; timeout < startTimeout; timeout *= 2 {
		server, err := p.run(timeout, p.ping, p.command...)
		if err == nil {
			p.processes[0] = server
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
