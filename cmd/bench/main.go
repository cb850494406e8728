// Bench measures the server from outside and prints a table. It compares a page
// with a static file of the same size, a sign-in with one bare argon2id hash, and
// large databases with small ones. The ratios are comparable between machines,
// the absolute numbers are not.
//
// The load generator runs on the same machine, so a rate includes its cost. The
// CPU time of the server is more precise.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"twostep/db/dbtest"
)

func main() {
	syscall.Umask(0o022) // the PostgreSQL user must reach its socket
	var (
		people    = flag.String("people", "1000,100000,1000000", "numbers of `accounts` to measure with, ascending; one table column each")
		databases = flag.String("databases", "sqlite,postgres", "`databases` to measure")
		save      = flag.String("save", "", "also write the table to this `file`")
		program   = flag.String("program", "", "`binary` to measure (default: built from source)")
		folder    = flag.String("folder", ".", "`folder` for the data; use a real disk, because commits to memory cost nothing")
		hashes    = flag.Duration("hashes", 0, "compute bare hashes for this `duration` instead, and print how many")
	)
	flag.Parse()
	if *hashes > 0 {
		if err := computeHashes(*hashes); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*people, *databases, *save, *program, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(people, databases, save, program, folder string) (err error) {
	var sizes []int
	for field := range strings.SplitSeq(people, ",") {
		size, err := strconv.Atoi(field)
		if err != nil || size < peopleMin || len(sizes) > 0 && size < sizes[len(sizes)-1] {
			return fmt.Errorf("--people: %q: must be ascending numbers of at least %d, such as 1000,100000", field, peopleMin)
		}
		sizes = append(sizes, size)
	}
	if folder, err = os.MkdirTemp(folder, "bench-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if program == "" {
		program = filepath.Join(folder, "twostep")
		build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/twostep")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build server: %w: %s", err, out)
		}
	}
	start := time.Now()
	text := header()
	for database := range strings.SplitSeq(databases, ",") {
		table, err := measureDatabase(database, sizes, program, filepath.Join(folder, database))
		if err != nil {
			return fmt.Errorf("%s: %w", database, err)
		}
		text += "\n" + table
	}
	text += fmt.Sprintf("\nMeasured in %v.\n", time.Since(start).Round(time.Second))
	fmt.Print(text)
	if save == "" {
		return nil
	}
	return os.WriteFile(save, []byte(text), 0o644)
}

// measureDatabase returns the table for one kind of database.
func measureDatabase(kind string, sizes []int, program, folder string) (table string, err error) {
	url := ""
	switch kind {
	case "sqlite":
	case "postgres":
		server, err := dbtest.StartPostgres("fsync=on", "full_page_writes=on", "autovacuum=on", "max_wal_size=4GB")
		if errors.Is(err, dbtest.ErrNoPostgres) {
			return "PostgreSQL was not measured: initdb and postgres are not installed (make postgres)\n", nil
		}
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		url = server.URL("postgres")
	default:
		return "", errors.New("unknown database: must be sqlite or postgres")
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	t, err := newTarget(program, folder, url)
	if err != nil {
		return "", err
	}
	var columns []results
	for _, size := range sizes {
		column, err := t.measure(size)
		if err != nil {
			return "", fmt.Errorf("%d accounts: %w", size, err)
		}
		columns = append(columns, column)
	}
	return formatTable(kind, columns), nil
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
