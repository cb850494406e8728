package db

import (
	"context"

	"twostep/auth"
)

// grant writes what an answer has earned, all of it or none (ST-08). It answers
// false where the attempt that should end is over already, or a number that
// should begin is on the account already; the transaction is then undone.
//
// The order matters: what ends goes first, so that it does not take away what
// begins here, and an account stands before all that hangs on it.
func (t *tx) grant(ctx context.Context, g auth.Grant) (granted bool, err error) {
	if g.EndAttempt != "" {
		if open, err := t.endAttempt(ctx, g.EndAttempt, g.At); err != nil || !open {
			return false, err
		}
	}
	if g.EndSessions != nil {
		if err := t.endSessions(ctx, *g.EndSessions); err != nil {
			return false, err
		}
	}
	if g.NewUser != nil {
		if err := t.addUser(ctx, *g.NewUser); err != nil {
			return false, err
		}
	}
	if g.Session != nil {
		if err := t.addSession(ctx, *g.Session); err != nil {
			return false, err
		}
	}
	if g.Attempt != nil {
		if err := t.putAttempt(ctx, *g.Attempt); err != nil {
			return false, err
		}
	}
	if g.Code != nil {
		if err := t.putSentCode(ctx, *g.Code); err != nil {
			return false, err
		}
	}
	if g.TOTP != nil {
		if err := t.putTOTP(ctx, *g.TOTP); err != nil {
			return false, err
		}
	}
	if g.Phone != nil {
		if added, err := t.addPhone(ctx, *g.Phone); err != nil || !added {
			return false, err
		}
	}
	if g.BackupCodes != nil {
		if err := t.addBackupCodes(ctx, *g.BackupCodes); err != nil {
			return false, err
		}
	}
	if err := t.clearTries(ctx, g.Clear); err != nil {
		return false, err
	}
	return true, t.addMessages(ctx, g.Messages, g.At)
}
