package courier_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

func TestFile_WritesJSONLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages")
	file, err := courier.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sms := courier.Message{
		Channel: "sms", To: "+12025550123", Body: "It is <123456>\n@localhost #123456",
		SentAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if err := file.Send(t.Context(), sms); err != nil {
		t.Fatal(err)
	}
	want := `{"channel":"sms","to":"+12025550123","subject":"","body":"It is <123456>\n@localhost #123456","sent_at":"2026-01-02T03:04:05Z"}` + "\n"
	if got := readFile(t, path); string(got) != want {
		t.Errorf("file:\n%s\nwant:\n%s", got, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode().Perm())
	}
}

func TestFile_ConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages")
	const writers, messages = 8, 8
	var wg sync.WaitGroup
	for range writers {
		// Separate couriers, as when mail and SMS are written to one file.
		file, err := courier.NewFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for range messages {
			wg.Go(func() {
				if err := file.Send(t.Context(), courier.Message{Channel: "email", Body: string(bytes.Repeat([]byte("long "), 2000))}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	lines := bytes.Split(bytes.TrimSuffix(readFile(t, path), []byte("\n")), []byte("\n"))
	if len(lines) != writers*messages {
		t.Fatalf("%d lines, want %d", len(lines), writers*messages)
	}
	for _, line := range lines {
		var m courier.Message
		if err := json.Unmarshal(line, &m); err != nil || len(m.Body) != 10000 {
			t.Fatalf("incomplete line: %v", err)
		}
	}
}

// TestFile_IncompleteLine starts a new line after one that a killed process left
// incomplete.
func TestFile_IncompleteLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages")
	if err := os.WriteFile(path, []byte(`{"channel":"sm`), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := courier.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := file.Send(t.Context(), courier.Message{Channel: "email", Body: "complete"}); err != nil {
			t.Fatal(err)
		}
	}
	lines := bytes.Split(bytes.TrimSuffix(readFile(t, path), []byte("\n")), []byte("\n"))
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3: %s", len(lines), lines)
	}
	for _, line := range lines[1:] {
		var m courier.Message
		if err := json.Unmarshal(line, &m); err != nil || m.Body != "complete" {
			t.Errorf("line = %s, error %v", line, err)
		}
	}
}

func TestFile_CreatesFileAfterMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages")
	file, err := courier.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := file.Send(t.Context(), courier.Message{Channel: "email"}); err != nil {
		t.Fatal(err)
	}
	if len(readFile(t, path)) == 0 {
		t.Error("file is empty")
	}
}

func TestNewFile_FolderMustExist(t *testing.T) {
	folder := t.TempDir()
	for name, path := range map[string]string{
		"missing folder": filepath.Join(folder, "missing", "messages"),
		"folder":         folder,
		"empty":          "",
	} {
		if _, err := courier.NewFile(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "missing")); !os.IsNotExist(err) {
		t.Errorf("folder: %v, want %v", err, fs.ErrNotExist)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
