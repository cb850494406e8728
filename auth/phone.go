package auth

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// A PhoneID names a phone of an account in URLs.
type PhoneID string

// ParsePhone parses a number in any common notation and returns it as E.164. If it
// is not a number of the region, it may be an international one in the notation of
// another region.
func ParsePhone(typed, region string) (string, error) {
	typed = strings.Map(func(c rune) rune {
		if !unicode.IsSpace(c) && isInvisible(c) { // directional marks of a contact list
			return -1
		}
		return c
	}, typed)
	for _, notation := range append([]string{typed}, otherNotations(typed)...) {
		n, err := phonenumbers.Parse(notation, region)
		if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
			continue
		}
		number := phonenumbers.Format(n, phonenumbers.E164)
		if len(number) <= len("+")+PhoneDigitsMax { // some countries' numbering plans have no maximum, E.164 has
			return number, nil
		}
	}
	return "", &Problem{Reason: PhoneInvalid, Field: "phone"}
}

// otherNotations returns what a number may mean that begins with an international
// prefix of Europe or North America, or has the 1 that mobile numbers of Mexico had
// after the country code until 2019.
func otherNotations(typed string) []string {
	if strings.ContainsFunc(typed, unicode.IsLetter) || strings.ContainsAny(typed, "#,;") { // an extension
		return nil
	}
	number := phonenumbers.NormalizeDigitsOnly(typed)
	if !strings.HasPrefix(strings.TrimSpace(typed), "+") {
		if rest, ok := strings.CutPrefix(number, "00"); ok {
			number = rest
		} else if rest, ok := strings.CutPrefix(number, "011"); ok {
			number = rest
		} else {
			return nil
		}
	}
	if rest, ok := strings.CutPrefix(number, "521"); ok && len(rest) == 10 {
		number = "52" + rest
	}
	return []string{"+" + number}
}

// UsePhone makes a phone a second factor. The first one reserved is the default.
func (r *Rules) UsePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.actOnPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	verified := PhoneCode
	if phone.VerifiedAt.Before(session.StartedAt) {
		verified = ""
	}
	changes, err := r.factorAdded(ctx, client, session, Event{Type: PhoneReserved, Phone: phone.Number}, VerifiedFactor{Factor: verified, At: now}, now)
	if err != nil {
		return err
	}
	changes.add(SettleCounts{Reset: r.failureKeys(session.User, PhoneCode)})
	reserved, err := r.store.ReservePhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, reserved, err)
}

// DisablePhone keeps a phone but not as a second factor.
func (r *Rules) DisablePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.actOnPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	changes, err := r.factorRemoved(ctx, client, session, Event{Type: PhoneReleased, Phone: phone.Number}, factors, now)
	if err != nil {
		return err
	}
	released, err := r.store.ReleasePhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, released, err)
}

// RemovePhone removes a phone. One that is no second factor ends no sessions:
// nobody signed in with it.
func (r *Rules) RemovePhone(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, factors, err := r.actOnPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	e := Event{Type: PhoneRemoved, Phone: phone.Number}
	changes := ChangeSet{User: session.User, At: now}
	if phone.Reserved() {
		changes, err = r.factorRemoved(ctx, client, session, e, factors, now)
	} else {
		err = r.record(ctx, &changes, client, e)
	}
	if err != nil {
		return err
	}
	removed, err := r.store.RemovePhone(ctx, session.User, id, phone.Reserved(), changes)
	return r.conclude(ctx, changes, removed, err)
}

// MakePhoneDefault makes a reserved phone the first one that sign-in offers.
func (r *Rules) MakePhoneDefault(ctx context.Context, client Client, session Session, id PhoneID) error {
	now := r.now()
	phone, _, err := r.actOnPhone(ctx, session, id, now)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: PhoneMadeDefault, Phone: phone.Number}); err != nil {
		return err
	}
	replaced, err := r.store.ReplaceDefaultPhone(ctx, session.User, id, changes)
	return r.conclude(ctx, changes, replaced, err)
}

// actOnPhone counts an act and returns the account's phone with that id. It returns
// [ErrNotFound] for a phone of another account too.
func (r *Rules) actOnPhone(ctx context.Context, session Session, id PhoneID, now time.Time) (Phone, Factors, error) {
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return Phone{}, Factors{}, err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return Phone{}, factors, err
	}
	phone, found := factors.Phone(id)
	if !found {
		return Phone{}, factors, ErrNotFound
	}
	return phone, factors, nil
}

func regionOf(number string) string {
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}
