package main

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
	"twostep/db"
)

// othersMay are the mode bits by which somebody else than the owner gets at a file.
const othersMay = 0o077

// folder looks at the data folder and who gets at the files in it.
func (e *examination) folder(context.Context) {
	const what = "data folder"
	info, err := os.Stat(e.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.warn(what, "%s is not there yet; the first start makes it", e.data)
		return
	case err != nil:
		e.fail(what, "%v", err)
		return
	case !info.IsDir():
		e.fail(what, "%s is no folder", e.data)
		return
	case syscall.Access(e.data, mayWrite|mayEnter) != nil:
		e.fail(what, "%s cannot be written to by the user who runs this", e.data)
		return
	}
	open, foreign, err := illKept(info, e.data)
	switch {
	case err != nil:
		e.fail(what, "%v", err)
	case len(open) > 0:
		e.fail(what, "others than the owner get at %s: chmod go= takes that away", strings.Join(open, ", "))
	case len(foreign) > 0:
		e.warn(what, "a server of the folder's owner cannot open %s: chown --reference=%s gives that to it", strings.Join(foreign, ", "), e.data)
	default:
		e.fine(what, "%s is its owner's alone", e.data)
	}
}

// illKept lists what has a mode that lets others in, the folder among it, but
// not the file that is there to be read by another program; and what belongs to
// another user than the folder does, as a key file that root has put there.
func illKept(data fs.FileInfo, folder string) (open, foreign []string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a running server's, gone meanwhile
		}
		if err == nil && info.Mode().Type() != fs.ModeSymlink && info.Mode()&othersMay != 0 && entry.Name() != webhookKeyFile {
			open = append(open, fmt.Sprintf("%s (%04o)", path, info.Mode().Perm()))
		}
		if err == nil && ownerOf(info) != ownerOf(data) {
			foreign = append(foreign, path)
		}
		return err
	})
	return open, foreign, err
}

// ownerOf is the number of the user to whom a file belongs.
func ownerOf(info fs.FileInfo) uint32 {
	if owner, known := info.Sys().(*syscall.Stat_t); known {
		return owner.Uid
	}
	return 0
}

// ring reads the keys as serve would, and draws none.
func (e *examination) ring(context.Context) {
	const what = "keys"
	path, inFile := strings.CutPrefix(e.given.Keys, "file:")
	switch {
	case e.keys != nil && !inFile:
		e.opened = *e.keys
		e.warn(what, "the ring is in the flag or the variable, where lists of processes may show it; file:PATH keeps it from them")
		return
	case e.keys == nil:
		path = filepath.Join(e.data, keyFile)
	}
	content, err := os.ReadFile(path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
	case e.isFirst():
		e.warn(what, "%s is not there yet; the first start on an empty database draws it, and on another it must be the first server's", path)
		return
	case e.exists() != nil:
		e.warn(what, "%s is not there yet; the first start makes it", path)
		return
	}
	if err == nil {
		e.opened, err = parseRing(string(content))
	}
	info, statErr := os.Stat(path)
	switch {
	case err != nil:
		e.fail(what, "%s: %v", path, err)
	case statErr == nil && info.Mode()&othersMay != 0:
		e.fail(what, "others than the owner get at %s (%04o): chmod 600", path, info.Mode().Perm())
	default:
		id, _ := e.opened.Newest(auth.KeySeal)
		e.fine(what, "%s holds %s, the newest is %d", path, many(len(e.opened.All(auth.KeySeal)), "key"), id)
	}
}

// database looks at what stands in the database, if it is there.
func (e *examination) database(ctx context.Context) {
	const what = "database"
	var found db.Inspection
	var err error
	name := filepath.Join(e.data, databaseFile)
	switch {
	case e.places.database == "" && e.exists() != nil:
		e.warn(what, "%s is not there yet; the first start makes it", name)
		return
	case e.places.database != "":
		name = "PostgreSQL"
		found, err = db.InspectPostgres(ctx, e.places.database, e.opened)
	default:
		found, err = db.InspectSQLite(ctx, name, e.opened)
	}
	switch {
	case errors.Is(err, db.ErrNotInitialized):
		e.warn(what, "%s: %v; the first start fills it", name, err)
		return
	case err != nil:
		e.fail(what, "%s: %v", name, err)
		return
	}
	e.fine(what, "%s holds %s", name, many(found.Accounts, "account"))
	e.lastSeen = found.LastSeen
	switch {
	case found.Version > found.Newest:
		e.fail("migrations", "the database is of version %d, and this program knows versions up to %d: use a newer program", found.Version, found.Newest)
	case found.Version < found.Newest:
		e.warn("migrations", "the database is of version %d; the next start brings it to %d, and there is no way back but a backup", found.Version, found.Newest)
	default:
		e.fine("migrations", "all are carried out, up to %d", found.Newest)
	}
	if found.KeyringErr != nil {
		e.fail("seals", "the keys do not open what is sealed in the database: %v", found.KeyringErr)
	} else {
		e.fine("seals", "the keys open what is sealed in the database")
	}
}
