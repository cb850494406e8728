package datadir

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
)

func keyringIn(t *testing.T, folder string) (auth.Keyring, error) {
	return Dir{Path: folder}.Keyring(t.Context())
}

func TestKeyring_CreatedOnce(t *testing.T) {
	folder := t.TempDir()
	first, err := keyringIn(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, keysName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	second, err := keyringIn(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("the second start has different keys")
	}
	if names, _ := os.ReadDir(folder); len(names) != 1 {
		t.Errorf("the folder holds %v, want only the key file", names)
	}
}

func TestKeyring_RacingStarts(t *testing.T) {
	folder := t.TempDir()
	keyrings := make([]string, 32)
	var all sync.WaitGroup
	for i := range keyrings {
		all.Go(func() {
			keys, err := keyringIn(t, folder)
			if err != nil {
				t.Error(err)
			}
			keyrings[i] = keys.String()
		})
	}
	all.Wait()
	for _, keyring := range keyrings {
		if keyring != keyrings[0] {
			t.Fatal("two starts have different keys")
		}
	}
}

// TestKeyring_NeverOverwrites: a key file that is damaged or an example is an error
// and is not changed (ST-05).
func TestKeyring_NeverOverwrites(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "truncated": "1:AAAA", "sample": "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, keysName)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := keyringIn(t, folder); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one naming the file", err)
			}
			if err := createKeyFile(path); err != nil {
				t.Error(err)
			}
			if kept, _ := os.ReadFile(path); string(kept) != content {
				t.Error("the key file was overwritten")
			}
		})
	}
}

// TestKeyring_DatabaseWithoutKeys: a database without its keys is an error that says
// what to do (ST-05).
func TestKeyring_DatabaseWithoutKeys(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, databaseName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyringIn(t, folder); err == nil || !strings.Contains(err.Error(), "--keys") {
		t.Errorf("error %v, want one that says what to do", err)
	}
	if _, err := os.Stat(filepath.Join(folder, keysName)); !os.IsNotExist(err) {
		t.Error("a key file was created")
	}
}

func TestParseKeysFlag(t *testing.T) {
	one := strings.TrimSpace(auth.NewKeyring().String())
	two := "2" + strings.TrimSpace(auth.NewKeyring().String())[1:]
	path := filepath.Join(t.TempDir(), "keyring")
	if err := os.WriteFile(path, []byte(two+"\n"+one+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{two + " " + one, two + "," + one, two + ", " + one, two + "\n" + one + "\n", "file:" + path} {
		keys, err := parseKeysFlag(value)
		if err != nil {
			t.Fatal(err)
		}
		if keys.String() != two+"\n"+one+"\n" {
			t.Error("a different keyring was parsed")
		}
	}
}
