package datadir

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"twostep/auth"
)

// WebhookKeyFile returns the path of the file with the key that a webhook's
// receiver verifies signatures with. The key is of no other use.
func (d Dir) WebhookKeyFile() string { return filepath.Join(d.Path, webhookKeyName) }

// WebhookKeys returns the keys that sign webhook requests, newest first. They
// are derived from the keyring, which stays private. It writes the newest to
// [Dir.WebhookKeyFile] for the operator to give to the receiver.
func (d Dir) WebhookKeys(ctx context.Context) ([][]byte, error) {
	keyring, err := d.Keyring(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the keys that sign webhook requests: %w", err)
	}
	keys := keyring.All(auth.KeyWebhook)
	if err := writeWebhookKey(d.WebhookKeyFile(), keys[0]); err != nil {
		return nil, fmt.Errorf("write the webhook key: %w", err)
	}
	return keys, nil
}

// writeWebhookKey leaves a file that holds the key already as it is, with the
// mode that the operator may have given it.
func writeWebhookKey(path string, key []byte) error {
	line := hex.EncodeToString(key) + "\n"
	if content, err := os.ReadFile(path); err == nil && string(content) == line {
		return nil
	}
	return writeFile(path, line, os.Rename)
}
