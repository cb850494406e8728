// Bench measures the program from outside and prints a table: what a page costs
// against a static file of its size, a sign-in against one bare hash, and so on,
// with few people in the database and with a million. Ratios of one run mean
// the same on every machine; the raw numbers stand beside them.
//
// The load comes from the machine that is measured, so a rate is what both can
// do together; the processor time of the server alone is the steadier number.
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
	syscall.Umask(0o022) // PostgreSQL's own user must reach its socket
	var (
		people    = flag.String("people", "1000,100000,1000000", "people in the database, one column of the table each, growing")
		databases = flag.String("databases", "sqlite,postgres", "databases to measure")
		save      = flag.String("save", "", "file that the table is written to, too")
		program   = flag.String("program", "", "binary to measure; built from the source without it")
		folder    = flag.String("folder", ".", "where the data lie meanwhile: on a real disk, or commits cost nothing")
	)
	flag.Parse()
	if err := run(*people, *databases, *save, *program, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(people, databases, save, program, folder string) (err error) {
	var sizes []int
	for word := range strings.SplitSeq(people, ",") {
		size, err := strconv.Atoi(word)
		if err != nil || size < signersLeast || len(sizes) > 0 && size < sizes[len(sizes)-1] {
			return fmt.Errorf("--people: %q: give growing numbers from %d, such as 1000,100000", word, signersLeast)
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
		if said, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the program: %w: %s", err, said)
		}
	}
	begun := time.Now()
	text := heading()
	for kind := range strings.SplitSeq(databases, ",") {
		table, err := measured(kind, sizes, program, filepath.Join(folder, kind))
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		text += "\n" + table
	}
	text += fmt.Sprintf("\nIt took %v.\n", time.Since(begun).Round(time.Second))
	fmt.Print(text)
	if save == "" {
		return nil
	}
	return os.WriteFile(save, []byte(text), 0o644)
}

// measured is the table of one kind of database.
func measured(kind string, sizes []int, program, folder string) (table string, err error) {
	address := ""
	switch kind {
	case "sqlite":
	case "postgres":
		server, err := dbtest.StartPostgres("fsync=on", "full_page_writes=on", "autovacuum=on", "max_wal_size=4GB")
		if errors.Is(err, dbtest.ErrNoPostgres) {
			return "PostgreSQL was not measured: its programs initdb and postgres are missing here (make postgres)\n", nil
		}
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		address = server.URL("postgres")
	default:
		return "", errors.New("there is no such database: give sqlite or postgres")
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	p, err := newPlace(program, folder, address)
	if err != nil {
		return "", err
	}
	var columns []figures
	for _, size := range sizes {
		column, err := p.measure(size)
		if err != nil {
			return "", fmt.Errorf("with %d people: %w", size, err)
		}
		columns = append(columns, column)
	}
	return tabled(kind, columns), nil
}

// progress tells who waits what is being done.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
