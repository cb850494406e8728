package cluster

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Signal sends the server a signal: SIGQUIT ends it at once and SIGKILL without
// knowing, both with everything under way; SIGSTOP lets it answer no more.
func (c *Cluster) Signal(signal syscall.Signal) error {
	file, err := os.ReadFile(filepath.Join(c.Data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	server, err := strconv.Atoi(string(first))
	if err != nil {
		return err
	}
	return syscall.Kill(server, signal)
}

// Resume starts a server anew that a signal has ended, over the same data. It
// refuses to start while a process of the one before still lives, so it is
// started again and again.
func (c *Cluster) Resume() error {
	c.running[0].stop()
	var errs []error
	for within := time.Second; within < startWait; within *= 2 {
		p, err := c.run(within, c.answers, c.server...)
		if err == nil {
			c.running[0] = p
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
