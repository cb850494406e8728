package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
)

func adding(id string) auth.PhoneEnrolment {
	return auth.PhoneEnrolment{
		ID: id, Session: "s1", User: "ann", Number: "+4915100000002", ExpiresAt: noon.Add(auth.EnrolmentLifetime),
	}
}

func TestReservePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.ReservePhone(ctx, "ann", "p1", auth.ChangeSet{At: noon})
		})
	})
}

// TestAddPhone_NeverTooMany: of numbers that are added at the same time as many
// stand as an account can have.
func TestAddPhone_NeverTooMany(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t) // who has one
		added := b.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			more := phone("ann", auth.PhoneID(fmt.Sprint("more", i)), fmt.Sprintf("+49151000001%02d", i))
			err := s.Apply(ctx, set("ann", more))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return true, err
		})
		f, err := b.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if added != auth.PhonesMax-1 || len(f.Phones) != auth.PhonesMax {
			t.Errorf("%d were added, and the account has %d", added, len(f.Phones))
		}
	})
}

func TestReleasePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		told, err := b.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, told, err)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.ReleasePhone(ctx, "ann", "p1", auth.ChangeSet{At: noon})
		})
	})
}

func TestRemovePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemovePhone(ctx, "ann", "p1", false, auth.ChangeSet{At: noon})
		})
	})
}

// What goes with a factor goes with a phone that is one: a phone that became
// one, or is none any more, since the page was read is not removed unasked.
func TestRemovePhone_SeenOtherwise(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		grant := auth.ChangeSet{At: noon}
		told, err := b.RemovePhone(t.Context(), "ann", "p1", true, grant)
		wantFalse(t, told, err)
		told, err = b.ReservePhone(t.Context(), "ann", "p1", grant)
		wantTrue(t, told, err)
		told, err = b.RemovePhone(t.Context(), "ann", "p1", false, grant)
		wantFalse(t, told, err)
		told, err = b.RemovePhone(t.Context(), "ann", "p1", true, grant)
		wantTrue(t, told, err)
	})
}

// SM-06: another code goes to a number that still waits, and to no other.
func TestReplacePhoneCode(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e1"), set("ann", code("e1"))))
		wantResend(t, b, "e1", adding("e1").ExpiresAt, b.ReplacePhoneCode)
		must(t, b.RemovePhoneEnrolment(t.Context(), "s1"))
		replaced, err := b.ReplacePhoneCode(t.Context(), "e1", set("ann", code("e1")))
		wantFalse(t, replaced, err)
		_, err = b.FindSentCode(t.Context(), "e1")
		wantNotFound(t, err)
	})
}

// wantResend sends another code for an enrolment: it stands in place of the
// first until the enrolment has expired, and then nothing is sent.
func wantResend(t *testing.T, b base, id string, expires time.Time, replace func(context.Context, string, auth.ChangeSet) (bool, error)) {
	t.Helper()
	newer := code(id)
	newer.MAC = []byte("newer")
	replaced, err := replace(t.Context(), id, set("ann", newer))
	wantTrue(t, replaced, err)
	late := auth.ChangeSet{User: "ann", At: expires, Changes: []auth.Change{code(id), auth.QueueMessage{Message: message("late")}}}
	replaced, err = replace(t.Context(), id, late)
	wantFalse(t, replaced, err)
	if got, err := b.FindSentCode(t.Context(), id); err != nil || string(got.MAC) != "newer" {
		t.Errorf("the code is %q, %v", got.MAC, err)
	}
	wantTables(t, b.tables(t), map[string]int{"messages": 0})
}

// A phone is its account's alone.
func TestPhone_OfAnother(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		grant := auth.ChangeSet{At: noon}
		told, err := b.ReservePhone(t.Context(), "bob", "p1", grant)
		wantFalse(t, told, err)
		told, err = b.RemovePhone(t.Context(), "bob", "p1", false, grant)
		wantFalse(t, told, err)
		told, err = b.ReservePhone(t.Context(), "ann", "p1", grant)
		wantTrue(t, told, err)
		told, err = b.ReleasePhone(t.Context(), "bob", "p1", grant)
		wantFalse(t, told, err)
	})
}

func TestPhoneEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		_, err := b.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e1"), set("ann", code("e1"))))
		must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e2"), set("ann", code("e2"))))
		got, err := b.FindPhoneEnrolment(t.Context(), "s1", noon)
		must(t, err)
		if got != adding("e2") {
			t.Errorf("got %+v", got)
		}
		_, err = b.FindSentCode(t.Context(), "e1") // the earlier one's code went with it
		wantNotFound(t, err)
		_, err = b.FindPhoneEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		wantNotFound(t, err)
		must(t, b.RemovePhoneEnrolment(t.Context(), "s1"))
		_, err = b.FindSentCode(t.Context(), "e2")
		wantNotFound(t, err)

		ended := adding("e3")
		ended.Session = "s9"
		wantNotFound(t, b.ReplacePhoneEnrolment(t.Context(), ended, set("ann", code("e3"))))
		_, err = b.FindSentCode(t.Context(), "e3")
		wantNotFound(t, err)
	})
}

// SM-02: a number that was proved becomes the account's, and its enrolment ends.
func TestGrant_Phone(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e1"), set("ann", code("e1"))))
		spent, err := b.SpendSentCode(t.Context(), code("e1").SentCode, set("ann", phone("ann", "p2", "+4915100000002")))
		wantTrue(t, spent, err)
		_, err = b.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
	})
}

// Two sessions that add the same number at the same time: it stands once.
func TestGrant_PhoneOnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		for i := range racers {
			b.give(t, "ann", code(fmt.Sprint(i)))
		}
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			p := phone("ann", auth.PhoneID(fmt.Sprint("race ", i)), "+4915100000002")
			p.VerifiedAt = noon.Add(time.Duration(i) * time.Second)
			return s.SpendSentCode(ctx, code(fmt.Sprint(i)).SentCode, set("ann", p))
		})
		if n := b.count(t, `SELECT count(*) FROM sent_codes`); n != racers { // the winner's is spent, the attempt's stands
			t.Errorf("%d codes, not %d: a loser's code was spent", n, racers)
		}
	})
}
