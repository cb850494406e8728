// Twostep is a self-hosted site for accounts with two-step verification.
// "twostep serve" runs it; package settings documents its flags.
package main

import (
	"os"
	"syscall"

	"twostep/cmd/twostep/data"
	"twostep/cmd/twostep/doctor"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/serve"
	"twostep/cmd/twostep/users"
)

// commands is the command line.
type commands struct {
	Serve   serve.Command  `cmd:"" default:"withargs" help:"Run the site until it is told to stop. The word can be left out."`
	User    users.Command  `cmd:"" help:"Look after accounts: list them, and help who is locked out."`
	Backup  data.Backup    `cmd:"" help:"Copy the SQLite database to a new file, beside a running server."`
	Restore data.Restore   `cmd:"" help:"Put a backup into a place that has no data yet."`
	Migrate data.Migrate   `cmd:"" help:"Move from the SQLite file to an empty PostgreSQL database, while no server runs."`
	Keys    data.Keys      `cmd:"" help:"Look after the server keys."`
	Doctor  doctor.Command `cmd:"" help:"Look whether all is well, with the flags of serve; nothing is sent or changed."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	syscall.Umask(0o077) // files are private to their owner
	os.Exit(cli.Run(new(commands), os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}))
}
