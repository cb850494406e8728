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

// A server is the program, running.
type server struct {
	process *exec.Cmd
	address string // it listens on
}

var ready = regexp.MustCompile(`^twostep is ready: open \S+ \(it listens on (\S+)\)\n`)

const startWait = 30 * time.Second

// start starts the program and waits until it says it is ready. What it logs
// goes to a file, as a system's service has it.
func (p *place) start() (*server, error) {
	said := filepath.Join(p.folder, "log")
	log, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{
		"--listen=127.0.0.1:0", "--data=" + p.folder, "--keys=file:" + p.ring(), "--logo=" + p.logo,
		"--mail=file:" + filepath.Join(p.folder, "mail"), "--trusted-proxies=127.0.0.1/32",
	}
	if p.database != "" {
		args = append(args, "--database="+p.database)
	}
	s := &server{process: exec.Command(p.program, args...)}
	s.process.Stderr = log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	var words []byte
	for end := time.Now().Add(startWait); time.Now().Before(end); time.Sleep(500 * time.Microsecond) {
		if words, err = os.ReadFile(said); err != nil {
			break
		}
		if found := ready.FindSubmatch(words); found != nil {
			s.address = string(found[1])
			return s, nil
		}
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	return nil, fmt.Errorf("the program is not ready: %v: %s", err, words)
}

func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.process.Wait()
}

// clockTick is the unit of /proc/PID/stat: 100 a second on every Linux.
const clockTick = 10 * time.Millisecond

// cpu is the processor time the server has used, of its own and of the system.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // from the third on
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

// memory is what the server holds: now (VmRSS), or at its highest (VmHWM).
func (s *server) memory(which string) (mega float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), which+":")
	kilo, err := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kilo) / 1024, err
}
