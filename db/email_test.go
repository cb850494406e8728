package db

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func emailEnrolment(id auth.UserID, use auth.EmailUse, email string) auth.EmailEnrolment {
	return auth.EmailEnrolment{
		ID: "email of " + string(id), User: id, Use: use, Email: auth.Email{Typed: email, Key: "key of " + email},
		StopHash: "stop " + string(id), ExpiresAt: noon.Add(auth.StopTokenLifetime),
	}
}

func TestEmailEnrolment(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		_, err := db.FindEmailEnrolment(t.Context(), "ann", noon)
		wantNotFound(t, err)
		e := emailEnrolment("ann", auth.ForSignIn, "New@example.org")
		must(t, db.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		must(t, db.ReplaceEmailEnrolment(t.Context(), e, auth.ChangeSet{At: noon})) // keeps its own code
		for _, find := range []func(now time.Time) (auth.EmailEnrolment, error){
			func(now time.Time) (auth.EmailEnrolment, error) {
				return db.FindEmailEnrolment(t.Context(), "ann", now)
			},
			func(now time.Time) (auth.EmailEnrolment, error) {
				return db.FindEmailChange(t.Context(), "stop ann", now)
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
		_, err = db.FindSentCode(t.Context(), e.ID)
		must(t, err)

		next := e
		next.ID, next.StopHash = "next", "stop next"
		must(t, db.ReplaceEmailEnrolment(t.Context(), next, set("ann", code("next"))))
		_, err = db.FindEmailChange(t.Context(), "stop ann", noon)
		wantNotFound(t, err)
		_, err = db.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
		wantNotFound(t, db.ReplaceEmailEnrolment(t.Context(), emailEnrolment("bob", auth.ForNotices, "x"), auth.ChangeSet{At: noon}))
	})
}

// The first event after the request that ends a change of address says how it has ended;
// what other accounts do does not.
func TestFindEmailChangeEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		event := func(id string, kind auth.EventType, email, stopHash string) auth.RecordEvent {
			return auth.RecordEvent{Event: auth.Event{ID: "000000000000" + id + "random", At: noon, Type: kind, Email: email, StopHash: stopHash}}
		}
		_, err := db.FindEmailChangeEnd(t.Context(), "hash 1")
		wantNotFound(t, err)
		db.apply(t, "ann", event("1", auth.EmailChanged, "before@example.org", ""), event("2", auth.EmailChangeRequested, "new@example.org", "hash 1"), event("3", auth.SignedIn, "", ""))
		db.apply(t, "bob", event("3", auth.EmailChanged, "bob.new@example.org", ""))
		end, err := db.FindEmailChangeEnd(t.Context(), "hash 1")
		must(t, err)
		if want := (auth.EmailChangeEnd{Email: "new@example.org"}); end != want {
			t.Errorf("ended by %+v, want %+v", end, want)
		}
		for i, kind := range []auth.EventType{auth.OperatorResetPassword, auth.PasswordReset, auth.EmailChangeRequested, auth.EmailChangeStopped, auth.EmailChanged} {
			db.apply(t, "ann", event(string(rune('9'-i)), kind, "other@example.org", ""))
			end, err := db.FindEmailChangeEnd(t.Context(), "hash 1")
			must(t, err)
			if want := (auth.EmailChangeEnd{Email: "new@example.org", By: kind, At: noon}); end != want {
				t.Errorf("ended by %+v, want %+v", end, want)
			}
		}
	})
}

// A new code can be sent until the enrolment ends or expires.
func TestReplaceEmailCode(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		e := emailEnrolment("ann", auth.ForSignIn, "new@example.org")
		must(t, db.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		wantResend(t, db, e.ID, e.ExpiresAt, db.ReplaceEmailCode)
		spent, err := db.SpendEmailEnrolment(t.Context(), e.ID, auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
		replaced, err := db.ReplaceEmailCode(t.Context(), e.ID, set("ann", code(e.ID)))
		wantFalse(t, replaced, err)
		_, err = db.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
	})
}

// RC-09: an email change ends once, together with its code.
func TestSpendEmailEnrolment_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		e := emailEnrolment("ann", auth.ForSignIn, "new@example.org")
		must(t, db.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendEmailEnrolment(ctx, e.ID, auth.ChangeSet{At: noon})
		})
		_, err := db.FindSentCode(t.Context(), e.ID)
		wantNotFound(t, err)
	})
}

// If an email change is verified while the owner of the old address stops it, only
// one of the two succeeds.
func TestApply_EmailVerifiedOrStopped(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		e := emailEnrolment("ann", auth.ForSignIn, "new@example.org")
		must(t, db.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i%2 == 0 {
				return s.SpendEmailEnrolment(ctx, e.ID, auth.ChangeSet{At: noon})
			}
			return s.SpendSentCode(ctx, code(e.ID).SentCode, set("ann", auth.ReplaceEmail{EmailEnrolment: e}))
		})
	})
}

func TestApply_ReplaceEmail(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		wantEmails := func(want ...string) {
			t.Helper()
			got, err := db.FindEmails(t.Context(), "ann")
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("email addresses are %q, want %q", got, want)
			}
		}
		verify := func(use auth.EmailUse, email string) {
			t.Helper()
			e := emailEnrolment("ann", use, email)
			must(t, db.ReplaceEmailEnrolment(t.Context(), e, set("ann", code(e.ID))))
			spent, err := db.SpendSentCode(t.Context(), code(e.ID).SentCode, set("ann", auth.ReplaceEmail{EmailEnrolment: e}))
			wantTrue(t, spent, err)
			_, err = db.FindEmailEnrolment(t.Context(), "ann", noon)
			wantNotFound(t, err)
		}
		wantEmails("Aann@example.org")
		verify(auth.ForNotices, "second")
		wantEmails("Aann@example.org", "second")
		verify(auth.ForSignIn, "first")
		wantEmails("first", "second")
		if s, err := db.FindSession(t.Context(), "token of s1"); err != nil || s.Email != "first" {
			t.Errorf("session's email address is %q, %v", s.Email, err)
		}
		for range 2 { // the second time, the account has it already
			verify(auth.ForSignIn, "second") // which is not listed twice
			wantEmails("second")
		}
		_, err := db.FindEmails(t.Context(), "bob")
		wantNotFound(t, err)

		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		foreign := emailEnrolment("bob", auth.ForSignIn, "new")
		must(t, db.ReplaceEmailEnrolment(t.Context(), foreign, set("bob")))
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.ReplaceEmail{EmailEnrolment: foreign})))
		late := emailEnrolment("ann", auth.ForSignIn, "late")
		must(t, db.ReplaceEmailEnrolment(t.Context(), late, set("ann", code(late.ID))))
		spent, err := db.SpendSentCode(t.Context(), code(late.ID).SentCode, auth.ChangeSet{User: "ann", At: late.ExpiresAt, Changes: []auth.Change{auth.ReplaceEmail{EmailEnrolment: late}}})
		wantFalse(t, spent, err)
		wantEmails("second")
	})
}

// FF-05: of accounts that verify the same email address at the same time, only one
// gets it, and the others keep their own.
func TestApply_ReplaceEmailOnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		var accounts []auth.UserID
		for i := range raceCallers {
			id := auth.UserID(rune('A' + i))
			accounts = append(accounts, id)
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon})
			e := emailEnrolment(id, auth.ForSignIn, "wanted")
			must(t, db.ReplaceEmailEnrolment(t.Context(), e, set(id, code(e.ID))))
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			e := emailEnrolment(accounts[i], auth.ForSignIn, "wanted")
			spent, err := s.SpendSentCode(ctx, code(e.ID).SentCode, set(accounts[i], auth.ReplaceEmail{EmailEnrolment: e}))
			if errors.Is(err, auth.ErrEmailTaken) {
				return false, nil
			}
			if err == nil && !spent {
				err = errors.New("neither spent nor ErrEmailTaken")
			}
			return spent, err
		})
		wantRows(t, db.rowCounts(t), map[string]int{"email_enrolments": raceCallers - 1, "sent_codes": raceCallers - 1})
	})
}

func TestRemoveNoticeEmail_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addEverything(t, "ann", noon)
		if got, err := db.FindNoticeEmail(t.Context(), "ann"); err != nil || got != "second of ann" {
			t.Errorf("notice email is %q, %v", got, err)
		}
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveNoticeEmail(ctx, "ann", auth.ChangeSet{At: noon})
		})
		_, err := db.FindNoticeEmail(t.Context(), "ann")
		wantNotFound(t, err)
	})
}
