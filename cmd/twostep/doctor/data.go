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
		r.warn(check, "%s is not there yet; the first start makes it", r.Path)
		return
	case err != nil:
		r.fail(check, "%v", err)
		return
	case !info.IsDir():
		r.fail(check, "%s is no folder", r.Path)
		return
	case datadir.CheckWritable(r.Path) != nil:
		r.fail(check, "%s cannot be written to by the user who runs this", r.Path)
		return
	}
	open, foreign, err := r.badFiles(info)
	switch {
	case err != nil:
		r.fail(check, "%v", err)
	case len(open) > 0:
		r.fail(check, "others than the owner get at %s: chmod go= takes that away", strings.Join(open, ", "))
	case len(foreign) > 0:
		r.warn(check, "a server of the folder's owner cannot open %s: chown --reference=%s gives that to it", strings.Join(foreign, ", "), r.Path)
	default:
		r.ok(check, "%s is its owner's alone", r.Path)
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
		r.warn(check, "the ring is in the flag or the variable, where lists of processes may show it; file:PATH keeps it from them")
		return
	}
	content, err := os.ReadFile(path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
	case r.LacksKeys():
		r.warn(check, "%s is not there yet; the first start on an empty database draws it, and on another it must be the first server's", path)
		return
	case r.CheckExists() != nil:
		r.warn(check, "%s is not there yet; the first start makes it", path)
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
		r.fail(check, "others than the owner get at %s (%04o): chmod 600", path, info.Mode().Perm())
	default:
		id, _ := r.keyring.Newest(auth.KeySeal)
		r.ok(check, "%s holds %s, the newest is %d", path, cli.Plural(len(r.keyring.All(auth.KeySeal)), "key"), id)
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
		r.warn(check, "%s is not there yet; the first start makes it", name)
		return
	case r.Database != "":
		name = "PostgreSQL"
		found, err = db.InspectPostgres(ctx, r.Database, r.keyring)
	default:
		found, err = db.InspectSQLite(ctx, name, r.keyring)
	}
	switch {
	case errors.Is(err, db.ErrNotInitialized):
		r.warn(check, "%s: %v; the first start fills it", name, err)
		return
	case err != nil:
		r.fail(check, "%s: %v", name, err)
		return
	}
	r.ok(check, "%s holds %s", name, cli.Plural(found.Accounts, "account"))
	r.lastSeen = found.LastSeen
	switch {
	case found.Version > found.Newest:
		r.fail("migrations", "the database is of version %d, and this program knows versions up to %d: use a newer program", found.Version, found.Newest)
	case found.Version < found.Newest:
		r.warn("migrations", "the database is of version %d; the next start brings it to %d, and there is no way back but a backup", found.Version, found.Newest)
	default:
		r.ok("migrations", "all are carried out, up to %d", found.Newest)
	}
	if found.Seals != nil {
		r.fail("seals", "the keys do not open what is sealed in the database: %v", found.Seals)
	} else {
		r.ok("seals", "the keys open what is sealed in the database")
	}
}
