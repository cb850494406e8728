// Twostep is a self-hosted site for accounts with two-step verification.
// "twostep serve" runs it; package settings documents its flags.
package main

import (
	"os"
	"syscall"

	"twostep/cmd/twostep/access"
	"twostep/cmd/twostep/apps"
	"twostep/cmd/twostep/data"
	"twostep/cmd/twostep/doctor"
	"twostep/cmd/twostep/health"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/policy"
	"twostep/cmd/twostep/serve"
	"twostep/cmd/twostep/testmessage"
	"twostep/cmd/twostep/users"
)

// commands is the command line.
type commands struct {
	Serve       serve.Command    `cmd:"" default:"withargs" help:"Run the server. This is the default command."`
	User        users.Command    `cmd:"" help:"Manage accounts and help users who are locked out."`
	App         apps.Command     `cmd:"" help:"Register apps that sign users in here, and change them."`
	SigningKeys apps.SigningKeys `cmd:"" help:"Manage the keys that sign the tokens of apps."`
	Access      access.Command   `cmd:"" help:"Explain the access rules of forward auth."`
	Settings    policy.Command   `cmd:"" help:"Show and change settings while the site runs."`
	Backup      data.Backup      `cmd:"" help:"Copy the SQLite database to a file, also while a server runs."`
	Restore     data.Restore     `cmd:"" help:"Restore a backup to a folder without data."`
	Migrate     data.Migrate     `cmd:"" help:"Copy the SQLite database to an empty PostgreSQL database. The server must be stopped."`
	Keys        data.Keys        `cmd:"" help:"Manage the server keys."`
	Doctor      doctor.Command   `cmd:"" help:"Check the installation, with the flags of serve. Nothing is sent or changed."`
	Health      health.Command   `cmd:"" help:"Ask a server on this machine whether it is ready."`
	Mail        testmessage.Mail `cmd:"" help:"Test how email is sent."`
	SMS         testmessage.SMS  `cmd:"" name:"sms" help:"Test how SMS are sent."`
	Version     versionCommand   `cmd:"" help:"Print the version."`

	VersionFlag versionFlag `name:"version" help:"Print the version."`
}

func main() {
	syscall.Umask(0o077) // files are private to their owner
	os.Exit(cli.Run(&commands{Serve: serve.Command{Version: builtVersion()}}, os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}))
}
