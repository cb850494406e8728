package auth

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseName parses a display name: NFC, without white space around it and with single
// spaces in it. It is empty for none.
func ParseName(typed string) (string, error) {
	name := strings.Join(strings.Fields(norm.NFC.String(typed)), " ")
	switch {
	case utf8.RuneCountInString(name) > NameMax:
		return "", &Problem{Reason: NameLong, Field: "name", Limit: NameMax}
	case strings.ContainsFunc(name, deceives), name != "" && !strings.ContainsFunc(name, isLetterOrDigit):
		return "", &Problem{Reason: NameInvalid, Field: "name"}
	}
	return name, nil
}

// deceives reports whether a character is invisible or changes how others are displayed, so
// that a name could look like another one or reverse the text of an app around it. Joiners
// and variation selectors are accepted: names in Persian and several scripts of India, and
// emoji, need them.
func deceives(c rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200c, 0x200d
	if c == ' ' || c == zeroWidthNonJoiner || c == zeroWidthJoiner || unicode.Is(unicode.Variation_Selector, c) {
		return false
	}
	return isInvisible(c) || unicode.Is(unicode.Co, c) || c == unicode.ReplacementChar
}

func isLetterOrDigit(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// ChangeName sets the account's display name; an empty one removes it. It needs no
// re-authentication and sends no notice, because the name gives access to nothing; the
// event shows the owner a change that was not theirs.
func (r *Rules) ChangeName(ctx context.Context, client Client, session Session, typed string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	name, err := ParseName(typed)
	if err != nil || name == session.Name {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	changes.add(ReplaceName{name})
	if err := r.record(ctx, &changes, client, Event{Type: NameChanged}); err != nil {
		return err
	}
	return r.apply(ctx, changes)
}
