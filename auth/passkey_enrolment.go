package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// PasskeyEnrolment returns the options of the two forms that add a passkey: one that
// verifies its user, and a security key without a PIN. Nothing is stored before the
// response, so a reload, the Back button and a second tab are harmless.
func (r *Rules) PasskeyEnrolment(ctx context.Context, session Session) (passkey, securityKey string, err error) {
	now := r.now()
	user, err := r.store.FindUser(ctx, session.User)
	if err != nil {
		return "", "", err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return "", "", err
	}
	return r.creationOptions(session, user, factors, false, now), r.creationOptions(session, user, factors, true, now), nil
}

// AddPasskey adds a passkey to the account. Without a verified user it is accepted only
// from the form for security keys.
func (r *Rules) AddPasskey(ctx context.Context, client Client, session Session, name, response string, securityKey bool) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	if response == "" {
		return &Problem{Reason: PasskeyMissing}
	}
	made, err := parseRegistration(response, r.relyingParty())
	if err != nil {
		return &Problem{Reason: PasskeyWrong}
	}
	challenge, err := r.openChallenge(enrolmentChallenge(session, securityKey), made.challenge, now)
	if err != nil {
		return err
	}
	if !made.userVerified && !securityKey {
		return &Problem{Reason: PasskeyUnverified}
	}
	added := r.newPasskey(made, session.User, name, now)
	verified := VerifiedFactor{PasskeyPresent, now, made.backupEligible}
	if made.userVerified {
		verified.Factor = PasskeyVerified
	}
	changes, err := r.factorAdded(ctx, client, session, Event{Type: PasskeyAdded}, verified, now)
	if err != nil {
		return err
	}
	changes.add(SettleCounts{Reset: r.failureKeys(session.User, PasskeyPresent)}, challenge, PutPasskey{added})
	err = r.apply(ctx, changes)
	if errors.Is(err, ErrPasskeyExists) || errors.Is(err, ErrNotFound) {
		return r.addedBefore(ctx, session, added, err, now)
	}
	return err
}

func (r *Rules) newPasskey(made registration, user UserID, name string, now time.Time) PasskeyKey {
	return PasskeyKey{
		Passkey: Passkey{
			ID: PasskeyID(newID()), CredentialID: made.credentialID, RPID: r.policy().PasskeyDomain, Name: name,
			AAGUID: made.aaguid, Transports: made.transports, UserVerified: made.userVerified,
			BackupEligible: made.backupEligible, BackedUp: made.backedUp, SignCount: made.signCount, AddedAt: now,
		},
		PublicKey: made.publicKey, User: User{ID: user},
	}
}

// addedBefore explains why a passkey could not be added. It is no problem if the same
// form was posted twice.
func (r *Rules) addedBefore(ctx context.Context, session Session, added PasskeyKey, err error, now time.Time) error {
	factors, fault := r.factors(ctx, session.User, now)
	if fault != nil {
		return fault
	}
	twice := slices.ContainsFunc(factors.Passkeys, func(p Passkey) bool {
		return subtle.ConstantTimeCompare(p.CredentialID, added.CredentialID) == 1 && recent(p.AddedAt, now)
	})
	switch {
	case twice:
		return nil
	case errors.Is(err, ErrPasskeyExists):
		return &Problem{Reason: PasskeyExists}
	case len(factors.Passkeys) >= PasskeysMax:
		return &Problem{Reason: PasskeyTooMany, Limit: PasskeysMax}
	}
	return &Problem{Reason: PasskeyUsed}
}

// RenamePasskey gives a passkey another name; an empty one is that of its make.
func (r *Rules) RenamePasskey(ctx context.Context, client Client, session Session, id PasskeyID, name string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: PasskeyRenamed}); err != nil {
		return err
	}
	renamed, err := r.store.RenamePasskey(ctx, session.User, id, name, changes)
	return r.conclude(ctx, changes, renamed, err)
}

// RemovePasskey removes a passkey and ends other sessions, which may have been signed
// in with it.
func (r *Rules) RemovePasskey(ctx context.Context, client Client, session Session, id PasskeyID) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return err
	}
	changes, err := r.factorRemoved(ctx, client, session, Event{Type: PasskeyRemoved}, factors, now)
	if err != nil {
		return err
	}
	removed, err := r.store.RemovePasskey(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, removed, err)
}

// passkeyName makes plain text of a name (PK-23).
func passkeyName(typed string) (string, error) {
	name := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(typed, ""), isInvisible), " ")
	if utf8.RuneCountInString(name) > PasskeyNameMax {
		return "", &Problem{Reason: NameLong, Field: "name", Limit: PasskeyNameMax}
	}
	return name, nil
}
