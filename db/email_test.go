package db

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func changing(who auth.UserID, use auth.EmailUse, email string) auth.EmailEnrolment {
	return auth.EmailEnrolment{
		ID: "address of " + string(who), User: who, Use: use, Email: auth.Email{Typed: email, Key: "key of " + email},
		StopHash: "stop " + string(who), ExpiresAt: noon.Add(auth.StopTokenLifetime),
	}
}

func TestAddressEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		_, err := b.FindEmailEnrolment(t.Context(), "ann", noon)
		wantNotFound(t, err)
		e := changing("ann", auth.ForSignIn, "New@example.org")
		must(t, b.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		must(t, b.ReplaceEmailEnrolment(t.Context(), e, auth.ChangeSet{At: noon})) // its own code stays
		for _, find := range []func(now time.Time) (auth.EmailEnrolment, error){
			func(now time.Time) (auth.EmailEnrolment, error) {
				return b.FindEmailEnrolment(t.Context(), "ann", now)
			},
			func(now time.Time) (auth.EmailEnrolment, error) {
				return b.FindEmailChange(t.Context(), "stop ann", now)
			},
		} {
			got, err := find(noon)
			must(t, err)
			if got != e {
				t.Errorf("got %+v, want %+v", got, e)
			}
			_, err = find(e.ExpiresAt)
			wantNotFound(t, err)
		}
		_, err = b.FindSentCode(t.Context(), e.ID)
		must(t, err)

		next := e
		next.ID, next.StopHash = "next", "stop next"
		must(t, b.ReplaceEmailEnrolment(t.Context(), next, set("ann", code("next"))))
		_, err = b.FindEmailChange(t.Context(), "stop ann", noon)
		wantNotFound(t, err)
		_, err = b.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
		wantNotFound(t, b.ReplaceEmailEnrolment(t.Context(), changing("bob", auth.ForNotices, "x"), auth.ChangeSet{At: noon}))
	})
}

// Another code goes to an address that still waits, and to no other.
func TestReplaceAddressCode(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		e := changing("ann", auth.ForSignIn, "new@example.org")
		must(t, b.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		wantResend(t, b, e.ID, e.ExpiresAt, b.ReplaceEmailCode)
		spent, err := b.SpendEmailEnrolment(t.Context(), e.ID, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
		replaced, err := b.ReplaceEmailCode(t.Context(), e.ID, set("ann", code(e.ID)))
		wantFalse(t, replaced, err)
		_, err = b.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
	})
}

// RC-09: a change ends once, and its code with it.
func TestSpendAddressEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		e := changing("ann", auth.ForSignIn, "new@example.org")
		must(t, b.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendEmailEnrolment(ctx, e.ID, auth.ChangeSet{At: noon})
		})
		_, err := b.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
	})
}

// Of a change that is proved while the bearer of the old address stops it, one
// thing happens.
func TestGrant_AddressProvedOrStopped(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		e := changing("ann", auth.ForSignIn, "new@example.org")
		must(t, b.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i%2 == 0 {
				return s.SpendEmailEnrolment(ctx, e.ID, auth.ChangeSet{At: noon})
			}
			return s.SpendSentCode(ctx, code(e.ID).SentCode, set("ann", auth.ReplaceEmail{EmailEnrolment: e}))
		})
	})
}

func TestGrant_Address(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		addresses := func(want ...string) {
			t.Helper()
			got, err := b.FindEmails(t.Context(), "ann")
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("the addresses are %q, not %q", got, want)
			}
		}
		prove := func(use auth.EmailUse, email string) {
			t.Helper()
			e := changing("ann", use, email)
			must(t, b.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
			spent, err := b.SpendSentCode(t.Context(), code(e.ID).SentCode, set("ann", auth.ReplaceEmail{EmailEnrolment: e}))
			wantTrue(t, spent, err)
			_, err = b.FindEmailEnrolment(t.Context(), "ann", noon)
			wantNotFound(t, err)
		}
		addresses("Aann@example.org")
		prove(auth.ForNotices, "second")
		addresses("Aann@example.org", "second")
		prove(auth.ForSignIn, "first")
		addresses("first", "second")
		if s, err := b.FindSession(t.Context(), "handle of s1"); err != nil || s.Email != "first" {
			t.Errorf("the session's address is %q, %v", s.Email, err)
		}
		prove(auth.ForSignIn, "second") // and is not named twice
		addresses("second")
		_, err := b.FindEmails(t.Context(), "bob")
		wantNotFound(t, err)

		late := changing("ann", auth.ForSignIn, "late")
		must(t, b.ReplaceEmailEnrolment(t.Context(), late, set("ann", code(late.ID))))
		spent, err := b.SpendSentCode(t.Context(), code(late.ID).SentCode, auth.ChangeSet{User: "ann", At: late.ExpiresAt, Changes: []auth.Change{auth.ReplaceEmail{EmailEnrolment: late}}})
		wantFalse(t, spent, err)
		addresses("second")
	})
}

// FF-05: of two accounts that prove one address at the same time one has it,
// and the other keeps its own.
func TestGrant_AddressOnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		var accounts []auth.UserID
		for i := range racers {
			who := auth.UserID(rune('A' + i))
			accounts = append(accounts, who)
			b.give(t, who, auth.AddUser{User: user(who), CreatedAt: noon})
			e := changing(who, auth.ForSignIn, "wanted")
			must(t, b.ReplaceEmailEnrolment(t.Context(), e, set(who, code(e.ID))))
		}
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			e := changing(accounts[i], auth.ForSignIn, "wanted")
			spent, err := s.SpendSentCode(ctx, code(e.ID).SentCode, set(accounts[i], auth.ReplaceEmail{EmailEnrolment: e}))
			if errors.Is(err, auth.ErrEmailTaken) {
				return false, nil
			}
			if err == nil && !spent {
				err = errors.New("neither taken nor told so")
			}
			return spent, err
		})
		wantTables(t, b.tables(t), map[string]int{"email_enrolments": racers - 1, "sent_codes": racers - 1})
	})
}

func TestRemoveNoticeAddress_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.everything(t, "ann", noon)
		if got, err := b.FindNoticeEmail(t.Context(), "ann"); err != nil || got != "second of ann" {
			t.Errorf("the second address is %q, %v", got, err)
		}
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveNoticeEmail(ctx, "ann", auth.ChangeSet{At: noon})
		})
		_, err := b.FindNoticeEmail(t.Context(), "ann")
		wantNotFound(t, err)
	})
}
