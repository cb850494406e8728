package db

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
)

func phoneEnrolment(id string) auth.PhoneEnrolment {
	return auth.PhoneEnrolment{
		ID: id, Session: "s1", User: "ann", Number: "+4915100000002", ExpiresAt: noon.Add(auth.EnrolmentLifetime),
	}
}

func TestReservePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.ReservePhone(ctx, "ann", "p1", auth.ChangeSet{At: noon})
		})
	})
}

// Concurrent requests cannot add more numbers than an account may have.
func TestAddPhone_Limit(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t) // has one number
		added := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			more := phone("ann", auth.PhoneID(fmt.Sprint("more", i)), fmt.Sprintf("+49151000001%02d", i))
			err := s.Apply(ctx, set("ann", more))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return true, err
		})
		f, err := db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if added != auth.PhonesMax-1 || len(f.Phones) != auth.PhonesMax {
			t.Errorf("%d numbers were added and the account has %d, want %d and %d", added, len(f.Phones), auth.PhonesMax-1, auth.PhonesMax)
		}
	})
}

func TestReleasePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ok, err := db.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, ok, err)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.ReleasePhone(ctx, "ann", "p1", auth.ChangeSet{At: noon})
		})
	})
}

func TestRemovePhone_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemovePhone(ctx, "ann", "p1", false, auth.ChangeSet{At: noon})
		})
	})
}

// A phone is not removed if it became a factor, or stopped being one, after the
// user's page was rendered: removing a factor has other consequences.
func TestRemovePhone_Changed(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		changes := auth.ChangeSet{At: noon}
		ok, err := db.RemovePhone(t.Context(), "ann", "p1", true, changes)
		wantFalse(t, ok, err)
		ok, err = db.ReservePhone(t.Context(), "ann", "p1", changes)
		wantTrue(t, ok, err)
		ok, err = db.RemovePhone(t.Context(), "ann", "p1", false, changes)
		wantFalse(t, ok, err)
		ok, err = db.RemovePhone(t.Context(), "ann", "p1", true, changes)
		wantTrue(t, ok, err)
	})
}

// SM-06: a new code can be sent until the enrolment ends or expires.
func TestReplacePhoneCode(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.ReplacePhoneEnrolment(t.Context(), phoneEnrolment("e1"), set("ann", code("e1"))))
		wantResend(t, db, "e1", phoneEnrolment("e1").ExpiresAt, db.ReplacePhoneCode)
		must(t, db.RemovePhoneEnrolment(t.Context(), "s1"))
		replaced, err := db.ReplacePhoneCode(t.Context(), "e1", set("ann", code("e1")))
		wantFalse(t, replaced, err)
		_, err = db.FindSentCode(t.Context(), "e1")
		wantNotFound(t, err)
	})
}

// wantResend checks that replace stores a new code for an enrolment, and stores and
// sends nothing once the enrolment has expired.
func wantResend(t *testing.T, db testDB, id string, expires time.Time, replace func(context.Context, string, auth.ChangeSet) (bool, error)) {
	t.Helper()
	newer := code(id)
	newer.MAC = []byte("newer")
	replaced, err := replace(t.Context(), id, set("ann", newer))
	wantTrue(t, replaced, err)
	late := auth.ChangeSet{User: "ann", At: expires, Changes: []auth.Change{code(id), auth.QueueMessage{Message: message("late")}}}
	replaced, err = replace(t.Context(), id, late)
	wantFalse(t, replaced, err)
	if got, err := db.FindSentCode(t.Context(), id); err != nil || string(got.MAC) != "newer" {
		t.Errorf("code is %q, %v", got.MAC, err)
	}
	wantRows(t, db.rowCounts(t), map[string]int{"messages": 0})
}

// A phone can be changed only by its own account.
func TestPhone_OtherUser(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		changes := auth.ChangeSet{At: noon}
		foreign := phoneEnrolment("e1")
		foreign.User = "bob"
		wantNotFound(t, db.ReplacePhoneEnrolment(t.Context(), foreign, set("bob")))
		ok, err := db.ReservePhone(t.Context(), "bob", "p1", changes)
		wantFalse(t, ok, err)
		ok, err = db.RemovePhone(t.Context(), "bob", "p1", false, changes)
		wantFalse(t, ok, err)
		ok, err = db.ReservePhone(t.Context(), "ann", "p1", changes)
		wantTrue(t, ok, err)
		ok, err = db.ReleasePhone(t.Context(), "bob", "p1", changes)
		wantFalse(t, ok, err)
	})
}

func TestPhoneEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		_, err := db.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		must(t, db.ReplacePhoneEnrolment(t.Context(), phoneEnrolment("e1"), set("ann", code("e1"))))
		must(t, db.ReplacePhoneEnrolment(t.Context(), phoneEnrolment("e2"), set("ann", code("e2"))))
		got, err := db.FindPhoneEnrolment(t.Context(), "s1", noon)
		must(t, err)
		if got != phoneEnrolment("e2") {
			t.Errorf("got %+v", got)
		}
		_, err = db.FindSentCode(t.Context(), "e1") // was removed with its enrolment
		wantNotFound(t, err)
		_, err = db.FindPhoneEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		wantNotFound(t, err)
		must(t, db.RemovePhoneEnrolment(t.Context(), "s1"))
		_, err = db.FindSentCode(t.Context(), "e2")
		wantNotFound(t, err)

		ended := phoneEnrolment("e3")
		ended.Session = "s9"
		wantNotFound(t, db.ReplacePhoneEnrolment(t.Context(), ended, set("ann", code("e3"))))
		_, err = db.FindSentCode(t.Context(), "e3")
		wantNotFound(t, err)
	})
}

// SM-02: a verified number is added to the account, and its enrolment ends.
func TestApply_AddPhone(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.ReplacePhoneEnrolment(t.Context(), phoneEnrolment("e1"), set("ann", code("e1"))))
		spent, err := db.SpendSentCode(t.Context(), code("e1").SentCode, set("ann", phone("ann", "p2", "+4915100000002")))
		wantTrue(t, spent, err)
		_, err = db.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
	})
}

// A number that several sessions verify at the same time is added once.
func TestApply_AddPhoneOnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i := range raceCallers {
			db.apply(t, "ann", code(fmt.Sprint(i)))
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			p := phone("ann", auth.PhoneID(fmt.Sprint("race ", i)), "+4915100000002")
			p.VerifiedAt = noon.Add(time.Duration(i) * time.Second)
			return s.SpendSentCode(ctx, code(fmt.Sprint(i)).SentCode, set("ann", p))
		})
		if n := db.count(t, `SELECT count(*) FROM sent_codes`); n != raceCallers { // one was spent, and the attempt has one
			t.Errorf("%d codes, want %d: a code was spent without adding the number", n, raceCallers)
		}
	})
}
