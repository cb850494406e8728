package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// othersAccess are the mode bits that give users other than the owner access.
const othersAccess = 0o077

// folder checks the data folder and the modes and owners of its files.
func (r *report) folder(context.Context) {
	const check = "data folder"
	info, err := os.Stat(r.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.warn(check, "%s does not exist yet; the first start creates it", r.Path)
		return
	case err != nil:
		r.fail(check, "%v", err)
		return
	case !info.IsDir():
		r.fail(check, "%s is not a folder", r.Path)
		return
	case datadir.CheckWritable(r.Path) != nil:
		r.fail(check, "this user cannot write to %s", r.Path)
		return
	}
	open, foreign, err := r.badFiles(info)
	switch {
	case err != nil:
		r.fail(check, "%v", err)
	case len(open) > 0:
		r.fail(check, "other users can access %s: chmod go= prevents that", strings.Join(open, ", "))
	case len(foreign) > 0:
		r.warn(check, "the owner of the folder cannot open %s: chown --reference=%s allows it", strings.Join(foreign, ", "), r.Path)
	default:
		r.ok(check, "%s is private to its owner", r.Path)
	}
}

// badFiles lists the files that users other than the owner can access, except
// the webhook key, which another program reads; and the files that belong to
// another user than the folder does, such as a key file copied there by root.
func (r *report) badFiles(folder fs.FileInfo) (open, foreign []string, err error) {
	err = filepath.WalkDir(r.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted by a running server
		}
		if err == nil && info.Mode().Type() != fs.ModeSymlink && info.Mode()&othersAccess != 0 && path != r.WebhookKeyFile() {
			open = append(open, fmt.Sprintf("%s (%04o)", path, info.Mode().Perm()))
		}
		if err == nil && owner(info) != owner(folder) {
			foreign = append(foreign, path)
		}
		return err
	})
	return open, foreign, err
}

// owner returns the ID of the user who owns a file.
func owner(info fs.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}

// keys reads the keyring as serve would, but creates none.
func (r *report) keys(context.Context) {
	const check = "keys"
	path := r.KeyFile()
	if path == "" {
		r.keyring = *r.Keys
		r.warn(check, "the keys are in a flag or environment variable, which process lists may show; use file:PATH")
		return
	}
	content, err := os.ReadFile(path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
	case r.LacksKeys():
		r.warn(check, "%s does not exist yet: the first server creates it when it starts on an empty database; on other servers, copy the first server's key file there", path)
		return
	case r.CheckExists() != nil:
		r.warn(check, "%s does not exist yet; the first start creates it", path)
		return
	}
	if err == nil {
		r.keyring, err = datadir.ParseKeyring(string(content))
	}
	info, statErr := os.Stat(path)
	switch {
	case err != nil:
		r.fail(check, "%s: %v", path, err)
	case statErr == nil && info.Mode()&othersAccess != 0:
		r.fail(check, "other users can access %s (%04o): chmod 600 prevents that", path, info.Mode().Perm())
	default:
		id, _ := r.keyring.Newest(auth.KeySeal)
		r.ok(check, "%s contains %s; the newest is %d", path, cli.Plural(len(r.keyring.All(auth.KeySeal)), "key"), id)
	}
}

// database reads the database, if it exists.
func (r *report) database(ctx context.Context) {
	const check = "database"
	var found db.Inspection
	var err error
	name := r.SQLitePath()
	switch {
	case r.Database == "" && r.CheckExists() != nil:
		r.fail(check, "%s does not exist: give the server's --data, or start the server once, which creates it", name)
		return
	case r.Database != "":
		name = "PostgreSQL"
		found, err = db.InspectPostgres(ctx, r.Database, r.keyring)
	default:
		found, err = db.InspectSQLite(ctx, name, r.keyring)
	}
	switch {
	case errors.Is(err, db.ErrNotInitialized):
		r.warn(check, "%s: %v; the first start creates the tables", name, err)
		return
	case err != nil:
		r.fail(check, "%s: %v", name, err)
		return
	}
	r.ok(check, "%s contains %s", name, cli.Plural(found.Accounts, "account"))
	r.lastSeen, r.passkeys = found.LastSeen, found.Passkeys
	r.lastStep = time.Unix(0, 0).Add(time.Duration(found.LastStep) * auth.TOTPPeriod)
	switch {
	case found.Version > found.Newest:
		r.fail("migrations", "the database has version %d, and this program supports up to %d: use a newer program", found.Version, found.Newest)
	case found.Version < found.Newest:
		r.warn("migrations", "the database has version %d; the next start upgrades it to %d, and only a backup can undo that", found.Version, found.Newest)
	default:
		r.ok("migrations", "all are applied, up to %d", found.Newest)
	}
	if found.KeyringErr != nil {
		r.fail("encryption", "the keys do not decrypt the database: %v", found.KeyringErr)
	} else {
		r.ok("encryption", "the keys decrypt the database")
	}
	r.signingKeys(found.SignsSince)
}

// signingKeys checks the age of the keys that sign the tokens of apps. Without an app there
// are none.
func (r *report) signingKeys(since time.Time) {
	const check = "signing keys"
	days := int(time.Since(since) / (24 * time.Hour))
	switch {
	case since.IsZero():
	case time.Since(since) >= auth.SigningKeyAge:
		r.warn(check, "they are %s old: twostep signing-keys rotate adds new ones, which sign a day later", cli.Plural(days, "day"))
	default:
		r.ok(check, "they are %s old", cli.Plural(max(days, 0), "day"))
	}
}
