package main

import (
	"bytes"
	"io"
	"os/exec"
	"testing"
)

// TestMake_Interrupt: Ctrl-C in a terminal stops "make run" with exit code 0, as it
// stops the server. The program of script gives make a terminal.
func TestMake_Interrupt(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip(err)
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	cmd := exec.Command("script", "--quiet", "--return", "--command",
		"make -C ../.. --old-file=build run PROGRAM="+binary+" ARGS='--listen=127.0.0.1:0 --data="+data+"'", "/dev/null")
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	screen, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 1024)
	for !bytes.Contains(output.Bytes(), []byte("twostep is ready")) {
		n, err := screen.Read(line)
		if output.Write(line[:n]); err != nil {
			t.Fatalf("%v: %s", err, output.Bytes())
		}
	}
	if _, err := keyboard.Write([]byte("\x03")); err != nil { // what Ctrl-C sends
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(screen)
	if err := cmd.Wait(); err != nil || bytes.Contains(rest, []byte("***")) {
		t.Errorf("make run: %v: %s", err, rest)
	}
}
