// Twostep is a self-hosted site for accounts with two-step verification.
// "twostep serve" runs it; the flags and their environment variables stand in
// flags.go.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	syscall.Umask(0o077) // whatever the program makes is its owner's alone
	os.Exit(run(os.Args[1:], terminal{out: os.Stdout, err: os.Stderr}))
}

// A terminal is where a command speaks: what was asked for goes to out, what
// else there is to say to err.
type terminal struct{ out, err io.Writer }

// run carries out a command line and returns the exit code: 0 when it is done,
// 1 when it could not be done, 2 when it was asked for wrongly.
func run(args []string, t terminal) int {
	var words struct {
		Serve   flags   `cmd:"" default:"withargs" help:"Run the site until it is told to stop. The word can be left out."`
		User    user    `cmd:"" help:"Look after accounts: list them, and help who is locked out."`
		Backup  backup  `cmd:"" help:"Copy the SQLite database to a new file, beside a running server."`
		Restore restore `cmd:"" help:"Put a backup into a place that has no data yet."`
		Migrate migrate `cmd:"" help:"Move from the SQLite file to an empty PostgreSQL database, while no server runs."`
		Keys    keyring `cmd:"" help:"Look after the server keys."`
		Doctor  doctor  `cmd:"" help:"Look whether all is well, with the flags of serve; nothing is sent or changed."`
		Version version `cmd:"" help:"Print the version."`
	}
	parser := kong.Must(&words,
		kong.Name("twostep"),
		kong.Description("Accounts with two-step verification, on a machine of your own."),
		kong.Writers(t.out, t.err),
		kong.Bind(t),
	)
	word, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(t.err, "twostep:", oneLine(err))
		return 2
	}
	err = word.Run()
	if err == nil {
		return 0
	}
	fmt.Fprintln(t.err, "twostep:", oneLine(err))
	if _, bad := errors.AsType[*badFlag](err); bad {
		return 2
	}
	return 1
}
