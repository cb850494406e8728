package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"twostep/auth"
)

func TestReplaceKeyFile(t *testing.T) {
	folder := t.TempDir()
	path, link := filepath.Join(folder, "keys"), filepath.Join(folder, "link")
	first, second := auth.NewKeyring(), auth.NewKeyring()
	if err := errors.Join(os.WriteFile(path, []byte(first.String()), 0o600), os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("keys", link); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceKeyFile(link, second.String(), first.String()); err == nil {
		t.Error("a keyring that another process had changed was replaced")
	}
	if err := ReplaceKeyFile(link, first.String(), second.String()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	info, statErr := os.Lstat(path)
	if err != nil || statErr != nil || string(content) != second.String() || info.Mode() != 0o640 {
		t.Errorf("the file has %q, %v, %v, %v", content, info.Mode(), err, statErr)
	}
	if names, _ := os.ReadDir(folder); len(names) != 2 {
		t.Errorf("the folder contains %v", names)
	}
}
