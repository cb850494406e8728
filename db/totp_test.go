package db

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func enrolment(id string) auth.TOTPEnrolment {
	return auth.TOTPEnrolment{
		ID: id, Session: "s1", User: "ann", Secret: []byte("another key of 20 by"), ExpiresAt: noon.Add(auth.EnrolmentLifetime),
	}
}

// TO-06: of racing callers with one valid code one is told that it was spent.
func TestSpendTOTPStep_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendTOTPStep(ctx, "ann", 101, auth.ChangeSet{At: noon})
		})
	})
}

// TO-05: steps only move forward.
func TestSpendTOTPStep_Forward(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		for _, c := range []struct {
			step int64
			want bool
		}{{99, false}, {100, false}, {102, true}, {101, false}, {102, false}, {103, true}} {
			spent, err := b.SpendTOTPStep(t.Context(), "ann", c.step, auth.ChangeSet{At: noon})
			must(t, err)
			if spent != c.want {
				t.Errorf("step %d: spent is %v", c.step, spent)
			}
		}
		spent, err := b.SpendTOTPStep(t.Context(), "bob", 500, auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
	})
}

func TestRemoveTOTP_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveTOTP(ctx, "ann", auth.ChangeSet{At: noon})
		})
		_, err := b.FindTOTP(t.Context(), "ann")
		wantNotFound(t, err)
		_, err = b.FindTOTPEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
	})
}

// A reload or a second tab sees the key that is there; only one that has
// expired gives way.
func TestAddTOTPEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k2"), noon))
		got, err := b.FindTOTPEnrolment(t.Context(), "s1", noon)
		must(t, err)
		want := enrolment("k1")
		want.CodesUnseen = true
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = b.FindTOTPEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		wantNotFound(t, err)
		later := enrolment("k3")
		later.ExpiresAt = later.ExpiresAt.Add(auth.EnrolmentLifetime)
		must(t, b.AddTOTPEnrolment(t.Context(), later, noon.Add(auth.EnrolmentLifetime)))
		got, err = b.FindTOTPEnrolment(t.Context(), "s1", noon.Add(auth.EnrolmentLifetime))
		must(t, err)
		if got.ID != "k3" {
			t.Errorf("the key is %s, not k3", got.ID)
		}
		stranger := enrolment("k4") // a session that is not this account's begins nothing
		stranger.Session = "s9"
		must(t, b.AddTOTPEnrolment(t.Context(), stranger, noon))
		_, err = b.FindTOTPEnrolment(t.Context(), "s9", noon)
		wantNotFound(t, err)
	})
}

func TestReplaceTOTPEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		scanned := enrolment("k1")
		scanned.ScannedAt = noon.Add(time.Second)
		told, err := b.ReplaceTOTPEnrolment(t.Context(), "k1", scanned)
		wantTrue(t, told, err)
		if got, err := b.FindTOTPEnrolment(t.Context(), "s1", noon); err != nil || !got.ScannedAt.Equal(scanned.ScannedAt) {
			t.Errorf("scanned at %v, %v", got.ScannedAt, err)
		}
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k1", enrolment("k2"))
		wantTrue(t, told, err)
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k1", scanned) // a tab that shows the first key
		wantFalse(t, told, err)
		done := enrolment("k2")
		done.VerifiedAt, done.MadeCodes = noon, true
		told, err = b.SpendTOTPEnrolment(t.Context(), done, auth.ChangeSet{At: noon})
		wantTrue(t, told, err)
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k2", enrolment("k2")) // a tab that was left behind
		wantFalse(t, told, err)
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k2", enrolment("k3")) // the codes were not seen
		wantFalse(t, told, err)
		told, err = b.SpendUnseenCodes(t.Context(), "ann")
		wantTrue(t, told, err)
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k2", enrolment("k2"))
		wantFalse(t, told, err)
		told, err = b.ReplaceTOTPEnrolment(t.Context(), "k2", enrolment("k3")) // another app in place of this one
		wantTrue(t, told, err)
		if got, err := b.FindTOTPEnrolment(t.Context(), "s1", noon); err != nil || got.Step() != auth.TOTPAdd || len(got.Secret) == 0 {
			t.Errorf("the set-up is %+v, %v", got, err)
		}
	})
}

// Of racing callers that would each reset the set-up one does.
func TestReplaceTOTPEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.ReplaceTOTPEnrolment(ctx, "k1", enrolment(fmt.Sprint("next ", i)))
		})
	})
}

// TO-07, TO-10: a set-up becomes a factor once, and then its key is gone from it.
func TestSpendTOTPEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			e := enrolment("k1")
			e.VerifiedAt, e.MadeCodes = noon, true
			key := auth.TOTPKey{User: "ann", Secret: e.Secret, LastStep: 300, AddedAt: noon}
			return s.SpendTOTPEnrolment(ctx, e, set("ann", auth.PutTOTP{TOTPKey: key}))
		})
		got, err := b.FindTOTPEnrolment(t.Context(), "s1", noon)
		must(t, err)
		if got.Secret != nil || !got.VerifiedAt.Equal(noon) || !got.MadeCodes || !got.CodesUnseen {
			t.Errorf("the set-up is %+v", got)
		}
		key, err := b.FindTOTP(t.Context(), "ann")
		must(t, err)
		if string(key.Secret) != "another key of 20 by" || key.LastStep != 300 {
			t.Errorf("the app is %+v", key)
		}
	})
}
