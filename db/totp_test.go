package db

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

func totpEnrolment(id string) auth.TOTPEnrolment {
	return auth.TOTPEnrolment{
		ID: id, Session: "s1", User: "ann", Secret: []byte("another key of 20 by"), ExpiresAt: noon.Add(auth.EnrolmentLifetime),
	}
}

// TO-06: a step is spent once, even by concurrent requests with the same code.
func TestSpendTOTPStep_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendTOTPStep(ctx, "ann", 101, auth.ChangeSet{At: noon})
		})
	})
}

// TO-05: steps only move forward.
func TestSpendTOTPStep_OnlyForward(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, c := range []struct {
			step int64
			want bool
		}{{99, false}, {100, false}, {102, true}, {101, false}, {102, false}, {103, true}} {
			spent, err := db.SpendTOTPStep(t.Context(), "ann", c.step, auth.ChangeSet{At: noon})
			must(t, err)
			if spent != c.want {
				t.Errorf("step %d: spent is %v, want %v", c.step, spent, c.want)
			}
		}
		spent, err := db.SpendTOTPStep(t.Context(), "bob", 500, auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
	})
}

func TestRemoveTOTP_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveTOTP(ctx, "ann", auth.ChangeSet{At: noon})
		})
		_, err := db.FindTOTP(t.Context(), "ann")
		wantNotFound(t, err)
		_, err = db.FindTOTPEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
	})
}

// A reload or a second tab gets the existing enrolment. Only an expired one is
// replaced.
func TestAddTOTPEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		foreign := totpEnrolment("k0")
		foreign.User = "bob"
		must(t, db.AddTOTPEnrolment(t.Context(), foreign, noon))
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k2"), noon))
		got, err := db.FindTOTPEnrolment(t.Context(), "s1", noon)
		must(t, err)
		want := totpEnrolment("k1")
		want.CodesUnseen = true
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for _, seen := range []string{
			`UPDATE backup_code_sets SET unseen_until = $1`, // expired
			`UPDATE backup_code_sets SET unseen_until = CAST($1 AS BIGINT) + 1, unseen = NULL`,
		} {
			db.exec(t, seen, engine.Millis(noon))
			if got, err := db.FindTOTPEnrolment(t.Context(), "s1", noon); err != nil || got.CodesUnseen {
				t.Errorf("%s: %+v, %v", seen, got, err)
			}
		}
		_, err = db.FindTOTPEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		wantNotFound(t, err)
		later := totpEnrolment("k3")
		later.ExpiresAt = later.ExpiresAt.Add(auth.EnrolmentLifetime)
		must(t, db.AddTOTPEnrolment(t.Context(), later, noon.Add(auth.EnrolmentLifetime)))
		got, err = db.FindTOTPEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		must(t, err)
		if got.ID != "k3" {
			t.Errorf("enrolment is %s, want k3", got.ID)
		}
		ended := totpEnrolment("k4") // needs a session of the same account
		ended.Session = "s9"
		must(t, db.AddTOTPEnrolment(t.Context(), ended, noon))
		_, err = db.FindTOTPEnrolment(t.Context(), "s9", noon)
		wantNotFound(t, err)
	})
}

func TestReplaceTOTPEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		scanned := totpEnrolment("k1")
		scanned.ScannedAt = noon.Add(time.Second)
		ok, err := db.ReplaceTOTPEnrolment(t.Context(), "k1", scanned)
		wantTrue(t, ok, err)
		if got, err := db.FindTOTPEnrolment(t.Context(), "s1", noon); err != nil || !got.ScannedAt.Equal(scanned.ScannedAt) {
			t.Errorf("scanned at %v, %v", got.ScannedAt, err)
		}
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k1", totpEnrolment("k2"))
		wantTrue(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k1", scanned) // a tab that shows the first key
		wantFalse(t, ok, err)
		done := totpEnrolment("k2")
		done.VerifiedAt, done.MadeCodes = noon, true
		ok, err = db.SpendTOTPEnrolment(t.Context(), done, auth.ChangeSet{At: noon})
		wantTrue(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k2", totpEnrolment("k2")) // another tab, after the verification
		wantFalse(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k2", totpEnrolment("k3")) // the backup codes are unseen
		wantFalse(t, ok, err)
		ok, err = db.SpendUnseenCodes(t.Context(), "ann")
		wantTrue(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k2", totpEnrolment("k2"))
		wantFalse(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k2", totpEnrolment("k3")) // another app replaces this one
		wantTrue(t, ok, err)
		if got, err := db.FindTOTPEnrolment(t.Context(), "s1", noon); err != nil || got.Step() != auth.TOTPAdd || len(got.Secret) == 0 {
			t.Errorf("enrolment is %+v, %v", got, err)
		}
	})
}

// Of concurrent requests that reset an enrolment, only one succeeds.
func TestReplaceTOTPEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.ReplaceTOTPEnrolment(ctx, "k1", totpEnrolment(fmt.Sprint("next ", i)))
		})
	})
}

// TO-07, TO-10: an enrolment becomes a factor once, and its copy of the secret is
// erased.
func TestSpendTOTPEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			e := totpEnrolment("k1")
			e.VerifiedAt, e.MadeCodes = noon, true
			key := auth.TOTPKey{User: "ann", Secret: e.Secret, LastStep: 300, AddedAt: noon}
			return s.SpendTOTPEnrolment(ctx, e, set("ann", auth.PutTOTP{TOTPKey: key}))
		})
		got, err := db.FindTOTPEnrolment(t.Context(), "s1", noon)
		must(t, err)
		if got.Secret != nil || !got.VerifiedAt.Equal(noon) || !got.MadeCodes || !got.CodesUnseen {
			t.Errorf("enrolment is %+v", got)
		}
		key, err := db.FindTOTP(t.Context(), "ann")
		must(t, err)
		if string(key.Secret) != "another key of 20 by" || key.LastStep != 300 {
			t.Errorf("TOTP key is %+v", key)
		}
	})
}

// A last step far ahead was written by a clock that was wrong. It is replaced once, by
// one of several concurrent requests.
func TestSpendTOTPStep_ClockWasAhead(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ok, err := db.SpendTOTPStep(t.Context(), "ann", 1000, set("ann"))
		wantTrue(t, ok, err)
		ok, err = db.SpendTOTPStep(t.Context(), "ann", 1000-auth.TOTPAhead, set("ann"))
		wantFalse(t, ok, err)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendTOTPStep(ctx, "ann", 999-auth.TOTPAhead, set("ann"))
		})
	})
}
