package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"
)

// A BackupCodeSet is ten codes made together. They are 79 bits each, less than
// the 112 from which a plain hash would do, so they are kept as argon2id hashes
// (BC-03) with one salt for the set: one run finds the row that is spent.
type BackupCodeSet struct {
	User        UserID
	Salt        string    // PHC string of the cost and the salt, with no code's tag in it
	Hashes      []string  // one a code
	Unseen      []string  // the codes themselves, sealed at rest, until the person has seen them
	UnseenUntil time.Time // and no longer than this
	MadeAt      time.Time
}

type backupCodeStore interface {
	// FindBackupSalt reads the salt of an account's set.
	FindBackupSalt(ctx context.Context, user UserID) (salt string, err error)
	// SpendBackupCode removes the code with that hash.
	SpendBackupCode(ctx context.Context, user UserID, hash string, grant ChangeSet) (spent bool, err error)
	// ReplaceBackupCodes puts a new set in place of the account's, whose codes
	// stop working; replaced is false where the account has no second factor.
	ReplaceBackupCodes(ctx context.Context, set BackupCodeSet, grant ChangeSet) (replaced bool, err error)
	// FindUnseenCodes reads the codes of a set that was not seen yet.
	FindUnseenCodes(ctx context.Context, user UserID, now time.Time) ([]string, error)
	// SpendUnseenCodes forgets them: from now on only the person has them.
	SpendUnseenCodes(ctx context.Context, user UserID) (spent bool, err error)
}

// backupAlphabet has 31 signs, none of which looks like another: no 0 and o,
// no 1, i and l (N 8.1.1).
const backupAlphabet = "23456789abcdefghjkmnpqrstuvwxyz"

// newBackupCodes makes a set. It runs the hasher once a code, so it is called
// before any transaction.
func (r *Rules) newBackupCodes(ctx context.Context, user UserID, now time.Time) (*BackupCodeSet, error) {
	salt := make([]byte, BackupCodeSalt)
	rand.Read(salt)
	set := &BackupCodeSet{
		User: user, Salt: phc(r.hasher.cost, salt, make([]byte, tagBytes)),
		UnseenUntil: now.Add(BackupCodesUnseenLifetime), MadeAt: now,
	}
	for range BackupCodeCount {
		code := newBackupCode()
		hash, err := r.backupHash(ctx, set.Salt, code)
		if err != nil {
			return nil, err
		}
		set.Hashes = append(set.Hashes, hash)
		set.Unseen = append(set.Unseen, code)
	}
	return set, nil
}

func newBackupCode() string {
	code := make([]byte, BackupCodeLength)
	for i := range code {
		code[i] = backupAlphabet[drawBelow(len(backupAlphabet))]
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

func looksLikeBackupCode(typed string) bool { return len(cleanCode(typed)) == BackupCodeLength }

func (r *Rules) verifyBackupCode(ctx context.Context, q question, answer string, _ time.Time) (spend, error) {
	salt, err := r.store.FindBackupSalt(ctx, q.user)
	if errors.Is(err, ErrNotFound) {
		return nil, &Problem{Reason: BackupCodeWrong, Field: "code"}
	}
	if err != nil {
		return nil, err
	}
	hash, err := r.backupHash(ctx, salt, cleanCode(answer))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, grant ChangeSet) (bool, error) {
		return r.store.SpendBackupCode(ctx, q.user, hash, grant)
	}, nil
}

// NewBackupCodes replaces an account's codes; the earlier ones stop working.
func (r *Rules) NewBackupCodes(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	set, err := r.newBackupCodes(ctx, session.User, now)
	if err != nil {
		return err
	}
	grant := ChangeSet{At: now}
	r.bound(&grant, BackupCode, session.User)
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: BackupCodesReplaced}); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceBackupCodes(ctx, *set, grant)
	if err == nil && !replaced {
		return &Problem{Reason: MFAOff}
	}
	return r.changed(ctx, replaced, err, grant)
}

// UnseenBackupCodes returns the codes that wait to be seen, in groups of four,
// or none.
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

// ConfirmBackupCodes says that the person has saved the codes: they are not shown again.
func (r *Rules) ConfirmBackupCodes(ctx context.Context, user UserID) error {
	spent, err := r.store.SpendUnseenCodes(ctx, user)
	if err == nil && !spent {
		err = &Problem{Reason: BackupCodesShown}
	}
	return err
}
