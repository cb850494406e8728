package db

import (
	"context"

	"twostep/auth"
)

// grant writes what an answer has earned, all of it or none (ST-08). It answers
// false where a part cannot be had any more: the attempt or the enrolment that
// should end or go on is over already, the session that should be raised has
// ended, a number that should begin is on the account already, or the account
// has a second factor by now that the new session has not proved. The
// transaction is then undone.
//
// The order matters: what ends goes first, so that it does not take away what
// begins here, and an account stands before all that hangs on it. KeepFactor
// is not looked at here but where a factor is removed, see [tx.dropFactor].
func (t *tx) grant(ctx context.Context, g auth.ChangeSet) (granted bool, err error) {
	for _, part := range []func(context.Context, auth.ChangeSet) (bool, error){
		t.grantEnds, t.grantAccount, t.grantSession, t.grantFactors,
	} {
		if granted, err := part(ctx, g); err != nil || !granted {
			return false, err
		}
	}
	if err := t.settleTries(ctx, g.ResetCounts, g.RefundCounts); err != nil {
		return false, err
	}
	if err := t.addEvents(ctx, g.Events); err != nil {
		return false, err
	}
	return true, t.addMessages(ctx, g.Messages, g.At)
}

// grantEnds writes what ends, and the proof of an attempt that is not over.
func (t *tx) grantEnds(ctx context.Context, g auth.ChangeSet) (granted bool, err error) {
	if g.EndAttempt != "" {
		if open, err := t.endAttempt(ctx, g.EndAttempt, g.At); err != nil || !open {
			return false, err
		}
	}
	if g.Verified != nil {
		if open, err := t.addProof(ctx, *g.Verified, g.At); err != nil || !open {
			return false, err
		}
	}
	if g.EndOlder != nil {
		if err := t.endOlder(ctx, *g.EndOlder); err != nil {
			return false, err
		}
	}
	if g.EndAttempts != "" {
		if err := t.endAttemptsOf(ctx, g.EndAttempts); err != nil {
			return false, err
		}
	}
	if g.EndSessions != nil {
		if err := t.endSessions(ctx, *g.EndSessions); err != nil {
			return false, err
		}
	}
	return true, nil
}

// grantAccount writes an account, or the address that one has from now on.
func (t *tx) grantAccount(ctx context.Context, g auth.ChangeSet) (granted bool, err error) {
	if g.NewUser != nil {
		if err := t.addUser(ctx, *g.NewUser); err != nil {
			return false, err
		}
	}
	if g.Email != nil {
		if proved, err := t.proveAddress(ctx, *g.Email, g.At); err != nil || !proved {
			return false, err
		}
	}
	return true, nil
}

// grantSession writes who is signed in, or on the way.
func (t *tx) grantSession(ctx context.Context, g auth.ChangeSet) (granted bool, err error) {
	if g.Session != nil {
		if added, err := t.addSession(ctx, *g.Session, g.Bare); err != nil || !added {
			return false, err
		}
	}
	if g.RenewSession != nil {
		if raised, err := t.raiseSession(ctx, *g.RenewSession, g.At); err != nil || !raised {
			return false, err
		}
	}
	if g.Device != nil {
		if err := t.putBrowser(ctx, *g.Device); err != nil {
			return false, err
		}
	}
	if g.Attempt != nil {
		if added, err := t.addAttempt(ctx, *g.Attempt); err != nil || !added {
			return false, err
		}
	}
	if g.Code != nil {
		return true, t.putSentCode(ctx, *g.Code)
	}
	return true, nil
}

// grantFactors writes what an account has beside its password.
func (t *tx) grantFactors(ctx context.Context, g auth.ChangeSet) (granted bool, err error) {
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
		return true, t.addBackupCodes(ctx, *g.BackupCodes)
	}
	return true, nil
}
