package db

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindSession(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		want := session("ann", "s1").Session
		want.Email = "Aann@example.org"
		got, err := b.FindSession(t.Context(), want.TokenHash)
		must(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = b.FindSession(t.Context(), "unknown")
		wantNotFound(t, err)
	})
}

// What comes with a session is what the account has, whatever that is: nothing,
// one phone, several.
func TestFindSessionFactors(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "s2"))
		same := func(user auth.UserID, handle string) {
			t.Helper()
			want, err := b.FindFactors(t.Context(), user, noon)
			must(t, err)
			f, got, err := b.FindSessionFactors(t.Context(), handle, noon)
			if err != nil || f.User != user || !reflect.DeepEqual(got, want) {
				t.Errorf("%v with %+v, %v; want %+v", f.User, got, err, want)
			}
		}
		same("bob", "handle of s2")
		same("ann", "handle of s1")
		b.give(t, "ann", phone("ann", "p2", "+4915100000002"))
		same("ann", "handle of s1")
	})
}

// SE-05: the last-seen time never goes back.
func TestReplaceSeen(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		for _, minutes := range []time.Duration{2, 1} {
			must(t, b.TouchSession(t.Context(), "s1", noon.Add(minutes*time.Minute)))
		}
		got, err := b.FindSession(t.Context(), "handle of s1")
		if err != nil || !got.SeenAt.Equal(noon.Add(2*time.Minute)) {
			t.Errorf("seen at %v, %v", got.SeenAt, err)
		}
	})
}

// SE-07: a session ends on the server, with all that was under way in it.
func TestRemoveSession(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e1"), set("ann", code("e1"))))
		must(t, b.RemoveSession(t.Context(), "handle of s1"))
		must(t, b.RemoveSession(t.Context(), "handle of s1"))
		_, err := b.FindSession(t.Context(), "handle of s1")
		wantNotFound(t, err)
		_, err = b.FindTOTPEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		_, err = b.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		_, err = b.FindSentCode(t.Context(), "e1")
		wantNotFound(t, err)
		_, err = b.FindSentCode(t.Context(), "a1") // an attempt is no part of a session
		must(t, err)
	})
}

// Sessions are the account's own, also to end.
func TestFindSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.everything(t, "bob", noon)
		b.give(t, "ann", session("ann", "s2"))
		all, err := b.FindSessions(t.Context(), "ann")
		must(t, err)
		if len(all) != 2 {
			t.Fatalf("%d sessions", len(all))
		}
		for _, got := range all {
			want := session("ann", got.ID).Session
			want.Email = "Aann@example.org"
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		told, err := b.RemoveSessionOf(t.Context(), "bob", "s1", auth.ChangeSet{At: noon})
		wantFalse(t, told, err)
		told, err = b.RemoveSessionOf(t.Context(), "ann", "session of bob", auth.ChangeSet{At: noon})
		wantFalse(t, told, err)
		_, err = b.FindSentCode(t.Context(), "number of bob")
		must(t, err)
		if all, err := b.FindSessions(t.Context(), "nobody"); err != nil || all != nil {
			t.Errorf("nobody has %v, %v", all, err)
		}
	})
}

func TestRemoveSessionOf_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.everything(t, "ann", noon)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveSessionOf(ctx, "ann", "session of ann", auth.ChangeSet{At: noon})
		})
		for _, holder := range []string{"attempt of ann", "number of ann"} { // both were under way in it
			_, err := b.FindSentCode(t.Context(), holder)
			wantNotFound(t, err)
		}
		_, err := b.FindSentCode(t.Context(), "address of ann") // which is the account's
		must(t, err)
	})
}

// RV-05: a session that has proved itself anew goes on under a new handle, and
// its time begins anew; without one the proof alone is written.
func TestGrant_Raise(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "ann", session("ann", "s2"))
		want := session("ann", "s1").Session
		want.Email = "Aann@example.org"
		raise := func(handle string, grant auth.ChangeSet) {
			t.Helper()
			must(t, b.Apply(t.Context(), grant))
			got, err := b.FindSession(t.Context(), handle)
			must(t, err)
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		second := noon.Add(time.Minute)
		want.MFAAt = second
		raise(want.TokenHash, auth.ChangeSet{User: "ann", At: second, Changes: []auth.Change{auth.RenewSession{Session: "s1", MFAAt: second}}})
		first := noon.Add(time.Hour)
		want.TokenHash, want.PasswordAt, want.StartedAt, want.SeenAt = "new", first, first, first
		raise("new", auth.ChangeSet{User: "ann", At: first, Changes: []auth.Change{auth.RenewSession{Session: "s1", TokenHash: "new", PasswordAt: first}}})
		_, err := b.FindSession(t.Context(), "handle of s1")
		wantNotFound(t, err)
		if other, err := b.FindSession(t.Context(), "handle of s2"); err != nil || !other.PasswordAt.Equal(noon) {
			t.Errorf("another session has changed: %+v, %v", other, err)
		}

		ended := set("ann", auth.RenewSession{Session: "s9", PasswordAt: noon}, auth.QueueMessage{Message: message("m1")})
		wantNotFound(t, b.Apply(t.Context(), ended))
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, ended)
		wantFalse(t, spent, err)
		wantTables(t, b.tables(t), map[string]int{"messages": 0})
	})
}

// SE-09: a sign-in by password alone that meets the activation of the first
// factor begins no session that outlives it.
func TestGrant_BareAgainstActivation(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, session("ann", "s1"))
		must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1"), noon))
		b.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i == racers/2 {
				e := enrolment("k1")
				e.VerifiedAt = noon
				return s.SpendTOTPEnrolment(ctx, e, set("ann",
					auth.EndSessions{Except: "s1"},
					auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: e.Secret, AddedAt: noon}},
				))
			}
			id := auth.SessionID("bare " + string(rune('A'+i)))
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", auth.BeginSession{Session: session("ann", id).Session, RequireNoMFA: true}))
		})
		wantTables(t, b.tables(t), map[string]int{"totp": 1, "sessions": 1})
	})
}

// A phone counts as a factor once it is reserved.
func TestGrant_Bare(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, auth.BeginSession{Session: session("ann", "s1").Session, RequireNoMFA: true})
		b.give(t, "ann", phone("ann", "p1", "+4915100000001"))
		b.give(t, "ann", auth.BeginSession{Session: session("ann", "s2").Session, RequireNoMFA: true})
		told, err := b.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, told, err)
		wantNotFound(t, b.Apply(t.Context(), set("ann", auth.BeginSession{Session: session("ann", "s3").Session, RequireNoMFA: true})))
		b.give(t, "ann", session("ann", "s4"))
		wantTables(t, b.tables(t), map[string]int{"sessions": 3})
	})
}
