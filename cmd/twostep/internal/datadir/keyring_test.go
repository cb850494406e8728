package datadir

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
)

// ringOf is the ring of a data folder with SQLite.
func ringOf(t *testing.T, folder string) (auth.Keyring, error) {
	return Dir{Path: folder}.Keyring(t.Context())
}

func TestRing_MadeOnceAndKept(t *testing.T) {
	folder := t.TempDir()
	first, err := ringOf(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, keysName))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want a plain file with 0600", info.Mode())
	}
	second, err := ringOf(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("the second start has other keys")
	}
	if names, _ := os.ReadDir(folder); len(names) != 1 {
		t.Errorf("the folder holds %v, want the key file alone", names)
	}
}

func TestRing_RacingStartsAgree(t *testing.T) {
	folder := t.TempDir()
	rings := make([]string, 32)
	var all sync.WaitGroup
	for i := range rings {
		all.Go(func() {
			keys, err := ringOf(t, folder)
			if err != nil {
				t.Error(err)
			}
			rings[i] = keys.String()
		})
	}
	all.Wait()
	for _, ring := range rings {
		if ring != rings[0] {
			t.Fatal("two starts have different keys")
		}
	}
}

// TestRing_NeverOverwrites: a key file that is broken, or an example's, is
// refused and kept as it is (ST-05).
func TestRing_NeverOverwrites(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut off": "1:AAAA", "sample": "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, keysName)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := ringOf(t, folder); err == nil || !strings.Contains(err.Error(), path) {
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

// TestRing_DatabaseWithoutKeysRefused: data without their keys start nothing,
// and what to do is said (ST-05).
func TestRing_DatabaseWithoutKeysRefused(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, databaseName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ringOf(t, folder); err == nil || !strings.Contains(err.Error(), "--keys") {
		t.Errorf("error %v, want one that says what to do", err)
	}
	if _, err := os.Stat(filepath.Join(folder, keysName)); !os.IsNotExist(err) {
		t.Error("a key file was made")
	}
}

func TestKeyRing(t *testing.T) {
	one := strings.TrimSpace(auth.NewKeyring().String())
	two := "2" + strings.TrimSpace(auth.NewKeyring().String())[1:]
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, []byte(two+"\n"+one+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{two + " " + one, two + "," + one, two + ", " + one, two + "\n" + one + "\n", "file:" + path} {
		keys, err := parseKeysFlag(given)
		if err != nil {
			t.Fatal(err)
		}
		if keys.String() != two+"\n"+one+"\n" {
			t.Error("another ring was read")
		}
	}
}
