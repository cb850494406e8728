package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"
)

// A BackupCodeSet is ten backup codes generated together. A code has 79 bits,
// fewer than the 112 that a plain hash requires, so codes are stored as argon2id
// hashes (BC-03), with one salt for the set so that one run finds the row.
type BackupCodeSet struct {
	User        UserID
	Salt        string    // PHC string of cost and salt, without a code's tag
	Hashes      []string  // one for each code
	Unseen      []string  // the codes, encrypted at rest, until the user has seen them
	UnseenUntil time.Time // or until this
	MadeAt      time.Time
}

// A backupCodeFactor is any of the account's backup codes.
type backupCodeFactor struct{ user UserID }

func (f backupCodeFactor) kind() FactorKind     { return BackupCode }
func (f backupCodeFactor) alreadySpent() Reason { return BackupCodeWrong }

// verify only computes the hash: spending it finds out whether it is one of the
// account's.
func (f backupCodeFactor) verify(ctx context.Context, r *Rules, response string, _ time.Time) (spend, error) {
	salt, err := r.store.FindBackupSalt(ctx, f.user)
	if errors.Is(err, ErrNotFound) {
		return nil, &Problem{Reason: BackupCodeWrong, Field: "code"}
	}
	if err != nil {
		return nil, err
	}
	hash, err := r.backupHash(ctx, salt, response)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, changes ChangeSet) (bool, error) {
		return r.store.SpendBackupCode(ctx, f.user, hash, changes)
	}, nil
}

// backupAlphabet has 31 characters that are not mistaken for one another: no 0
// and o, no 1, i and l (N 8.1.1).
const backupAlphabet = "23456789abcdefghjkmnpqrstuvwxyz"

// newBackupCodes generates a set. It runs the hasher once for each code, so it is
// called before any transaction.
func (r *Rules) newBackupCodes(ctx context.Context, user UserID, now time.Time) (BackupCodeSet, error) {
	salt := make([]byte, BackupCodeSalt)
	rand.Read(salt)
	set := BackupCodeSet{
		User: user, Salt: phc(r.hasher.cost, salt, make([]byte, tagBytes)),
		UnseenUntil: now.Add(BackupCodesUnseenLifetime), MadeAt: now,
	}
	for range BackupCodeCount {
		code := newBackupCode()
		hash, err := r.backupHash(ctx, set.Salt, code)
		if err != nil {
			return set, err
		}
		set.Hashes = append(set.Hashes, hash)
		set.Unseen = append(set.Unseen, code)
	}
	return set, nil
}

func newBackupCode() string {
	code := make([]byte, BackupCodeLength)
	for i := range code {
		code[i] = backupAlphabet[randomInt(len(backupAlphabet))]
	}
	return string(code)
}

func (r *Rules) backupHash(ctx context.Context, salt, code string) (string, error) {
	cost, raw, _, err := parsePHC(salt)
	if err != nil {
		return "", err
	}
	tag, err := r.hasher.key(ctx, code, raw, cost)
	return base64.RawStdEncoding.EncodeToString(tag), err
}

// NewBackupCodes replaces an account's codes. The old ones stop working.
func (r *Rules) NewBackupCodes(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	set, err := r.newBackupCodes(ctx, session.User, now)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	changes.add(SettleCounts{Reset: r.failureKeys(session.User, BackupCode)})
	if err := r.record(ctx, &changes, client, Event{Type: BackupCodesReplaced}); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceBackupCodes(ctx, set, changes)
	if err == nil && !replaced {
		return &Problem{Reason: MFAOff}
	}
	return r.conclude(ctx, changes, replaced, err)
}

// UnseenBackupCodes returns the codes that the user has not seen yet, in groups
// of four characters, or none.
func (r *Rules) UnseenBackupCodes(ctx context.Context, user UserID) ([]string, error) {
	codes, err := r.store.FindUnseenCodes(ctx, user, r.now())
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	for i, c := range codes {
		codes[i] = c[0:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:16]
	}
	return codes, err
}

// ConfirmBackupCodes erases the codes once the user has saved them: they are not
// shown again.
func (r *Rules) ConfirmBackupCodes(ctx context.Context, user UserID) error {
	spent, err := r.store.SpendUnseenCodes(ctx, user)
	if err == nil && !spent {
		err = &Problem{Reason: BackupCodesShown}
	}
	return err
}
