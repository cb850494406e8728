package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
	"twostep/db"
)

// passkeyCount is the number of people with a passkey. They sign in again and again.
const passkeyCount = 500

// A passkeyUser signs in with a passkey.
type passkeyUser struct {
	person
	device *passkeytest.Device
}

// addPasskeyUsers adds people with a passkey for localhost.
func addPasskeyUsers(ctx context.Context, store *db.Store, size int, hash string) ([]passkeyUser, error) {
	users := make([]passkeyUser, passkeyCount)
	return users, parallel(connections, func(i int) error {
		for n := i; n < passkeyCount; n += connections {
			u := passkeyUser{person{fmt.Sprintf("passkey.%07d.%07d", size, n), false}, &passkeytest.Device{Verifies: true, Synced: true}}
			changes := u.changes(hash, time.Now())
			handle := changes.Changes[0].(auth.AddUser).PasskeyHandle
			options := fmt.Sprintf(`{"rp":{"id":"localhost"},"user":{"id":"%s"},"pubKeyCredParams":[{"alg":%d}]}`,
				base64.RawURLEncoding.EncodeToString([]byte(handle)), passkeytest.ES256)
			if _, err := u.device.Create(options, "http://localhost"); err != nil {
				return err
			}
			made := u.device.Passkeys()[0]
			changes.Changes = append(changes.Changes, auth.PutPasskey{PasskeyKey: auth.PasskeyKey{
				Passkey: auth.Passkey{
					ID: auth.PasskeyID(u.id("passkey")), CredentialID: made.ID, RPID: "localhost",
					UserVerified: true, BackupEligible: true, BackedUp: true, AddedAt: changes.At,
				},
				PublicKey: made.PublicKey(),
			}})
			if err := store.Apply(ctx, changes); err != nil {
				return err
			}
			users[n] = u
		}
		return nil
	})
}

var passkeyOptions = regexp.MustCompile(`data-options="([^"]+)"`)

// signIn opens the sign-in page, and posts what its script would.
func (u passkeyUser) signIn(c *conn) error {
	b := u.newBrowser()
	if err := b.open(c, "/sign-in"); err != nil {
		return err
	}
	match := passkeyOptions.FindSubmatch(c.body.Bytes())
	if match == nil {
		return fmt.Errorf("the sign-in page has no passkeys: %s", c.body.Bytes())
	}
	posted, err := u.device.Get(html.UnescapeString(string(match[1])), "http://localhost")
	if err != nil {
		return err
	}
	return b.submit(c, "/sign-in", "passkey_sign_in", url.Values{"credential": {posted}})
}

// measurePasskeys signs people in with their passkeys.
func measurePasskeys(s *server, browsers prepared, r *results) error {
	var next atomic.Int64
	for round := range rounds/2 + 1 {
		signIn, err := s.load(longSlice, func(c *conn) (bool, error) {
			return true, browsers.passkeys[int(next.Add(1))%passkeyCount].signIn(c)
		})
		if err != nil {
			return err
		}
		if round > 0 { // the first is a warm-up
			r.passkey.add(signIn)
		}
	}
	return nil
}
