package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is a running server process.
type server struct {
	process *exec.Cmd
	address string // host and port
	check   string // of the listener for proxies
}

// readyLine ends in the address in parentheses.
var readyLine = regexp.MustCompile(`(?s)^twostep is ready: .* on (\S+)\)\n.*Forward auth: http://([^/]+)/`)

const startTimeout = 30 * time.Second

// start starts the server and waits until it is ready. Its log goes to a file, as
// it does when it runs as a service.
func (t *target) start() (*server, error) {
	logFile := filepath.Join(t.folder, "log")
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{
		"--listen=127.0.0.1:0", "--url=http://localhost", "--data=" + t.folder, "--keys=file:" + t.keyFile(), "--logo=" + t.logo,
		"--mail=file:" + filepath.Join(t.folder, "mail"), "--trusted-proxies=127.0.0.1/32",
		"--forward-auth=127.0.0.1:0", "--access-rules=" + t.rulesFile(),
	}
	if t.url != "" {
		args = append(args, "--database="+t.url)
	}
	s := &server{process: exec.Command(t.program, args...)}
	s.process.Stderr = log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	var output []byte
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(500 * time.Microsecond) {
		if output, err = os.ReadFile(logFile); err != nil {
			break
		}
		if match := readyLine.FindSubmatch(output); match != nil {
			s.address, s.check = string(match[1]), string(match[2])
			return s, nil
		}
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	return nil, fmt.Errorf("server did not start: %v: %s", err, output)
}

func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.process.Wait()
}

// clockTick is the unit of /proc/PID/stat: 100 per second on every Linux.
const clockTick = 10 * time.Millisecond

// cpu returns the user and system CPU time of the server.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // starting with the third
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(string(field))
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// memory returns the resident memory of the server, current (VmRSS) or maximum
// (VmHWM).
func (s *server) memory(field string) (megabytes float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), field+":")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kilobytes) / 1024, err
}
