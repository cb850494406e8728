package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"slices"
	"strings"
	"time"
)

// An Invitation is a link by mail that sets the first password of an account, once. If there
// is no account yet, it opens sign-up for its email address, even if sign-up is closed; that
// address is still verified with a code (FF-05).
type Invitation struct {
	ID        string // sorts by when it was first sent
	Email     Email
	User      UserID // the account, if a command has added it; otherwise empty: sign-up adds it
	TokenHash string // of the token in the link
	By        string // account of the administrator, or [CommandActor]
	SentAt    time.Time
	OpenedAt  time.Time // zero for never; a mail program may have opened it
	ExpiresAt time.Time

	ByEmail string // of By; empty for a command or a deleted account; not stored
}

// A BadLine is a line of the form whose text cannot be invited.
type BadLine struct {
	Number int
	Text   string
	Reason Reason
}

// Invite sends an invitation to each address, in place of an earlier one. If a line is not an
// address, or has an account, nothing is sent. If a limit refuses an address, it returns the
// number of lines before it, which were sent. A form that is posted twice sends no second one.
func (r *Rules) Invite(ctx context.Context, by Operator, lines []string) (sent int, err error) {
	emails, err := r.invitees(ctx, lines)
	if err != nil {
		return 0, err
	}
	changes, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return 0, err
	}
	var refused error
	for i, email := range emails {
		if email == (Email{}) || slices.ContainsFunc(emails[:i], func(e Email) bool { return e.Key == email.Key }) {
			continue
		}
		if sent, err := r.justInvited(ctx, by, email, changes.At); err != nil {
			return 0, err
		} else if sent {
			continue
		}
		if refused = r.allowInvitation(ctx, by, email, changes.At); refused != nil && !isProblem(refused) {
			return 0, refused
		} else if refused != nil {
			emails = emails[:i]
			break
		}
		r.addInvitation(&changes, by, email)
		if err := r.recordAct(ctx, &changes, by, Event{Type: OperatorInvited, Email: email.Key}); err != nil {
			return 0, err
		}
	}
	err = r.apply(ctx, changes)
	switch {
	case errors.Is(err, ErrNotFound): // the same form, posted at the same time, has sent them
		return len(emails), refused
	case errors.Is(err, ErrTooManyInvitations):
		err = &Problem{Reason: InvitationsFull, Limit: InvitationsMax}
	}
	if err != nil {
		return 0, operated(err)
	}
	return len(emails), refused
}

// invitationTokens returns the token of an invitation that a form sends now, and then those
// that the same form may have sent shortly before, see [submission].
func (r *Rules) invitationTokens(by Operator, email Email, now time.Time) []Token {
	return r.tokens(invitationToken, submission{from: by.Client.FormToken, form: formInvite, response: email.Key}, now)
}

// justInvited reports whether the same browser has invited an address a moment ago.
func (r *Rules) justInvited(ctx context.Context, by Operator, email Email, now time.Time) (bool, error) {
	for _, token := range r.invitationTokens(by, email, now) {
		if _, err := r.store.FindInvitation(ctx, token.Hash(), now); !errors.Is(err, ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}

// invitees parses lines. An empty line is a zero Email.
func (r *Rules) invitees(ctx context.Context, lines []string) (emails []Email, err error) {
	if len(lines) > InvitationsAtOnce {
		return nil, &Problem{Reason: InvitationLines, Field: "emails", Limit: InvitationsAtOnce}
	}
	var bad []BadLine
	emails = make([]Email, len(lines))
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		email, err := ParseEmail(line)
		if err != nil {
			bad = append(bad, BadLine{i + 1, line, EmailInvalid})
			continue
		}
		if _, err = r.store.FindUserByEmail(ctx, email.Key); err == nil {
			bad = append(bad, BadLine{i + 1, line, EmailTaken})
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		emails[i] = email
	}
	if len(bad) > 0 || !slices.ContainsFunc(emails, func(e Email) bool { return e != Email{} }) {
		return nil, &Problem{Reason: InvitationBad, Field: "emails", Bad: bad}
	}
	return emails, nil
}

// InviteAgain sends an invitation with a new link, which makes the earlier one invalid. It
// returns false if the invitation was withdrawn or accepted, or sent a moment ago.
func (r *Rules) InviteAgain(ctx context.Context, by Operator, id string) (sent bool, err error) {
	return r.changeInvitation(ctx, by, RoleSupport, id, func(changes *ChangeSet, i Invitation) error {
		if sent, err := r.justInvited(ctx, by, i.Email, changes.At); sent || err != nil {
			return cmp.Or(err, ErrNotFound)
		}
		if err := r.allowInvitation(ctx, by, i.Email, changes.At); err != nil {
			return err
		}
		m := r.renew(&i, by, changes.At)
		changes.add(RenewInvitation{i}, QueueMessage{Message: m})
		return r.recordAct(ctx, changes, by, Event{Type: OperatorInvited, Email: i.Email.Key})
	})
}

// WithdrawInvitation ends an invitation. It returns false if it has ended.
func (r *Rules) WithdrawInvitation(ctx context.Context, by Operator, id string) (withdrawn bool, err error) {
	return r.changeInvitation(ctx, by, RoleAdmin, id, func(changes *ChangeSet, i Invitation) error {
		changes.add(RemoveInvitation{ID: i.ID})
		return r.recordAct(ctx, changes, by, Event{Type: OperatorUninvited, Email: i.Email.Key})
	})
}

// changeInvitation applies changes to an invitation, if it has not ended.
func (r *Rules) changeInvitation(ctx context.Context, by Operator, role Role, id string, change func(*ChangeSet, Invitation) error) (changed bool, err error) {
	i, err := r.store.FindInvitationByID(ctx, id)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	changes, err := r.begin(ctx, by, role, i.User)
	if err != nil {
		return false, err
	}
	if err := change(&changes, i); err != nil {
		return false, ignoreNotFound(err)
	}
	err = r.apply(ctx, changes)
	return err == nil, operated(ignoreNotFound(err))
}

// Invitations returns a page of the invitations, the newest first, and whether there are
// more. before is the last one of the page before.
func (r *Rules) Invitations(ctx context.Context, before string) (page []Invitation, more bool, err error) {
	page, err = r.store.FindInvitations(ctx, before, AccountsPage+1)
	page, more = firstPage(page, AccountsPage)
	return page, more, err
}

// OpenInvitation returns the invitation of a link, or [ErrNotFound] if it has expired, or was
// accepted, withdrawn or replaced. It only records that the link was opened: mail programs
// open links by themselves.
func (r *Rules) OpenInvitation(ctx context.Context, token Token) (Invitation, error) {
	now := r.now()
	i, err := r.invitation(ctx, token.Hash(), now)
	if err == nil && i.OpenedAt.IsZero() {
		err = r.store.TouchInvitation(ctx, i.ID, now)
	}
	return i, err
}

func (r *Rules) invitation(ctx context.Context, tokenHash string, now time.Time) (Invitation, error) {
	i, err := r.store.FindInvitation(ctx, tokenHash, now)
	if err == nil && !plausible(i.SentAt, now) {
		err = ErrNotFound
	}
	return i, err
}

// AcceptInvitation starts a sign-up for the address of an invitation, which the sign-up
// consumes when it is complete.
func (r *Rules) AcceptInvitation(ctx context.Context, client Client, token Token, password string) (Result, error) {
	now := r.now()
	i, err := r.invitation(ctx, token.Hash(), now)
	if errors.Is(err, ErrNotFound) || err == nil && i.User != "" {
		err = &Problem{Reason: InvitationEnded}
	}
	if err != nil {
		return Result{}, err
	}
	return r.startSignUp(ctx, client, Attempt{Email: i.Email.Typed, Invitation: i.TokenHash}, i.Email, password, now)
}

// Accepts reports whether the attempt is a sign-up with the invitation.
func (a Attempt) Accepts(i Invitation) bool {
	return hmac.Equal([]byte(a.Invitation), []byte(i.TokenHash))
}

// allowInvitation limits the invitations of administrators: somebody at an unlocked browser
// of theirs could otherwise send any number of mails to anybody.
func (r *Rules) allowInvitation(ctx context.Context, by Operator, email Email, now time.Time) error {
	if by.Session.ID == "" {
		return nil
	}
	return r.allow(ctx, now, r.limits(ActionInvite, subjects{ByRecipient: {email.Key}})...)
}

// addInvitation adds an invitation of an address, and the mail with its link, to changes.
func (r *Rules) addInvitation(changes *ChangeSet, by Operator, email Email) {
	i := Invitation{ID: newEventID(changes.At), Email: email, By: by.actor()}
	m := r.renew(&i, by, changes.At)
	changes.add(PutInvitation{i}, QueueMessage{Message: m})
}

// renew gives an invitation another link, and returns the mail with it.
func (r *Rules) renew(i *Invitation, by Operator, now time.Time) Message {
	m := r.notice(MessageInvitation, i.Email.Typed, Client{}, now)
	m.Token, m.ExpiresAt = r.invitationTokens(by, i.Email, now)[0], now.Add(InvitationLifetime)
	i.TokenHash, i.SentAt, i.ExpiresAt = m.Token.Hash(), now, m.ExpiresAt
	return m
}

// ErrTooManyInvitations is the error of a store with [InvitationsMax] invitations.
var ErrTooManyInvitations = errors.New("too many invitations")
