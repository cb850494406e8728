// Package testmessage sends one message with the settings of serve, to show
// whether messages arrive. It needs no running server and no database.
package testmessage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/settings"
)

type (
	// Mail is the command line of mail.
	Mail struct {
		Test mailTest `cmd:"" help:"Send a test message by email, with the flags of serve."`
	}
	// SMS is the command line of sms.
	SMS struct {
		Test smsTest `cmd:"" help:"Send a test message by SMS, with the flags of serve."`
	}

	mailTest struct {
		settings.Flags
		Address string `arg:"" name:"address" help:"Email address to send to."`
	}
	smsTest struct {
		settings.Flags
		Number string `arg:"" name:"number" help:"Phone number to send to."`
	}
)

// Run sends an email.
func (c *mailTest) Run(s cli.Streams) error {
	parsed, err := c.Parse()
	if err != nil {
		return err
	}
	email, err := auth.ParseEmail(c.Address)
	if err != nil {
		return fmt.Errorf("%q is not an email address", c.Address)
	}
	return send(s, parsed, parsed.Mail, "--mail", auth.ByEmail, email.Typed)
}

// Run sends an SMS.
func (c *smsTest) Run(s cli.Streams) error {
	parsed, err := c.Parse()
	if err != nil {
		return err
	}
	number, err := auth.ParsePhone(c.Number, parsed.Policy.Region)
	if err != nil {
		return fmt.Errorf("%q is not a phone number: give it with its country code, such as +12025550123", c.Number)
	}
	if parsed.SMS.Signs() { // otherwise the keys of a webhook would be created
		if err := parsed.CheckExists(); err != nil {
			return err
		}
	}
	return send(s, parsed, parsed.SMS, "--sms", auth.BySMS, number)
}

// send makes one attempt and prints the result.
func send(s cli.Streams, parsed settings.Settings, to settings.Courier, flag string, channel auth.Channel, recipient string) error {
	c, err := to.Open(s.Out)
	if err != nil {
		return &cli.FlagError{Flag: flag, Err: err}
	}
	ctx, cancel := context.WithTimeout(cli.SignalContext(), courier.Timeout)
	defer cancel()
	text := parsed.Renderer().Test(channel)
	err = c.Send(ctx, courier.Message{
		Channel: string(channel), To: recipient, Subject: text.Subject, Body: text.Text, HTML: text.HTML, SentAt: time.Now().UTC().Truncate(time.Second),
	})
	if _, permanent := errors.AsType[*courier.Permanent](err); permanent {
		return fmt.Errorf("not sent, and the server would not retry: %w", err)
	}
	if err != nil {
		return fmt.Errorf("not sent: %w", err)
	}
	switch {
	case to.Prints():
		_, err = fmt.Fprintf(s.Out, "Not sent: %s=log: only prints messages.\n", flag)
	case to.Provider == "":
		_, err = fmt.Fprintf(s.Out, "Written to %s.\n", to.Path)
	default:
		_, err = fmt.Fprintf(s.Out, "%s accepted the message (%s). If it does not arrive, look at the provider's log and, for email, in the spam folder.\n", to.Provider, to.Scheme)
	}
	return err
}
