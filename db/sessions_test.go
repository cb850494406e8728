package db

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		want := session("ann", "s1").Session
		want.Email = "Aann@example.org"
		got, err := db.FindSession(t.Context(), want.TokenHash)
		must(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = db.FindSession(t.Context(), "unknown")
		wantNotFound(t, err)
	})
}

// The factors read with a session equal those of FindFactors, with no phone, one or
// several.
func TestFindSessionFactors(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "s2"))
		wantFactors := func(user auth.UserID, tokenHash string) {
			t.Helper()
			want, err := db.FindFactors(t.Context(), user, noon)
			must(t, err)
			f, got, err := db.FindSessionFactors(t.Context(), tokenHash, noon)
			if err != nil || f.User != user || !reflect.DeepEqual(got, want) {
				t.Errorf("%v with %+v, %v; want %+v", f.User, got, err, want)
			}
		}
		wantFactors("bob", "token of s2")
		wantFactors("ann", "token of s1")
		db.apply(t, "ann", phone("ann", "p2", "+4915100000002"))
		wantFactors("ann", "token of s1")
	})
}

// SE-05: the last-seen time only moves forward. The account's is kept when its sessions
// have ended.
func TestTouchSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, minutes := range []time.Duration{2, 1} {
			must(t, db.TouchSession(t.Context(), "ann", "s1", noon.Add(minutes*time.Minute)))
		}
		got, err := db.FindSession(t.Context(), "token of s1")
		if err != nil || !got.SeenAt.Equal(noon.Add(2*time.Minute)) {
			t.Errorf("seen at %v, %v", got.SeenAt, err)
		}
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		account, err := db.FindAccount(t.Context(), "ann")
		if err != nil || !account.SeenAt.Equal(noon.Add(2*time.Minute)) || account.Sessions > 0 {
			t.Errorf("account is %+v, %v", account, err)
		}
	})
}

// SE-07: removing a session also removes its enrolments and their codes.
func TestRemoveSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		must(t, db.ReplacePhoneEnrolment(t.Context(), phoneEnrolment("e1"), set("ann", code("e1"))))
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		_, err := db.FindSession(t.Context(), "token of s1")
		wantNotFound(t, err)
		_, err = db.FindTOTPEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		_, err = db.FindPhoneEnrolment(t.Context(), "s1", noon)
		wantNotFound(t, err)
		_, err = db.FindSentCode(t.Context(), "e1")
		wantNotFound(t, err)
		_, err = db.FindSentCode(t.Context(), "a1") // a sign-in attempt does not belong to a session
		must(t, err)
	})
}

// A user can list and end only their own sessions.
func TestFindSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addEverything(t, "bob", noon)
		db.apply(t, "ann", session("ann", "s2"))
		all, err := db.FindSessions(t.Context(), "ann")
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
		ok, err := db.RemoveSessionOf(t.Context(), "bob", "s1", auth.ChangeSet{At: noon})
		wantFalse(t, ok, err)
		ok, err = db.RemoveSessionOf(t.Context(), "ann", "session of bob", auth.ChangeSet{At: noon})
		wantFalse(t, ok, err)
		_, err = db.FindSentCode(t.Context(), "number of bob")
		must(t, err)
		if all, err := db.FindSessions(t.Context(), "nobody"); err != nil || all != nil {
			t.Errorf("unknown user has %v, %v", all, err)
		}
	})
}

func TestRemoveSessionOf_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addEverything(t, "ann", noon)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.RemoveSessionOf(ctx, "ann", "session of ann", auth.ChangeSet{At: noon})
		})
		for _, holder := range []string{"attempt of ann", "number of ann"} { // both belong to the session
			_, err := db.FindSentCode(t.Context(), holder)
			wantNotFound(t, err)
		}
		_, err := db.FindSentCode(t.Context(), "email of ann") // belongs to the account
		must(t, err)
	})
}

// RV-05: re-authentication with a new token replaces the old token, and the
// session's lifetime starts again. Without a new token it only records the time.
func TestApply_RenewSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", session("ann", "s2"))
		want := session("ann", "s1").Session
		want.Email = "Aann@example.org"
		renew := func(tokenHash string, changes auth.ChangeSet) {
			t.Helper()
			must(t, db.Apply(t.Context(), changes))
			got, err := db.FindSession(t.Context(), tokenHash)
			must(t, err)
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		mfaAt := noon.Add(time.Minute)
		want.MFAAt, want.SecondKind, want.SecondSyncable = mfaAt, auth.PasskeyVerified, true
		renew(want.TokenHash, auth.ChangeSet{User: "ann", At: mfaAt, Changes: []auth.Change{auth.RenewSession{Session: "s1", Second: auth.VerifiedFactor{Factor: auth.PasskeyVerified, At: mfaAt, Syncable: true}}}})
		passwordAt := noon.Add(time.Hour)
		want.TokenHash, want.PasswordAt, want.StartedAt, want.SeenAt = "new", passwordAt, passwordAt, passwordAt
		renew("new", auth.ChangeSet{User: "ann", At: passwordAt, Changes: []auth.Change{auth.RenewSession{Session: "s1", TokenHash: "new", First: password(passwordAt)}}})
		_, err := db.FindSession(t.Context(), "token of s1")
		wantNotFound(t, err)
		if other, err := db.FindSession(t.Context(), "token of s2"); err != nil || !other.PasswordAt.Equal(noon) {
			t.Errorf("another session was changed: %+v, %v", other, err)
		}

		ended := set("ann", auth.RenewSession{Session: "s9", First: password(noon)}, auth.QueueMessage{Message: message("m1")})
		wantNotFound(t, db.Apply(t.Context(), ended))
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, ended)
		wantFalse(t, spent, err)
		wantRows(t, db.rowCounts(t), map[string]int{"messages": 0})
	})
}

// SE-09: no session of a sign-in with only a password remains after the first factor
// is added at the same time.
func TestApply_RequireNoMFAWhileEnrolling(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, session("ann", "s1"))
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i == raceCallers/2 {
				e := totpEnrolment("k1")
				e.VerifiedAt = noon
				return s.SpendTOTPEnrolment(ctx, e, set("ann",
					auth.EndSessions{Except: "s1"},
					auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: e.Secret, AddedAt: noon}},
				))
			}
			id := auth.SessionID("password " + string(rune('A'+i)))
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", auth.BeginSession{Session: session("ann", id).Session, RequireNoMFA: true}))
		})
		wantRows(t, db.rowCounts(t), map[string]int{"totp": 1, "sessions": 1})
	})
}

// A phone counts as a factor once it is reserved.
func TestApply_RequireNoMFA(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, auth.BeginSession{Session: session("ann", "s1").Session, RequireNoMFA: true})
		db.apply(t, "ann", phone("ann", "p1", "+4915100000001"))
		db.apply(t, "ann", auth.BeginSession{Session: session("ann", "s2").Session, RequireNoMFA: true})
		ok, err := db.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, ok, err)
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.BeginSession{Session: session("ann", "s3").Session, RequireNoMFA: true})))
		db.apply(t, "ann", session("ann", "s4"))
		wantRows(t, db.rowCounts(t), map[string]int{"sessions": 3})
	})
}

// The page at which a session continues is stored, replaced and cleared, in that session only.
func TestReplaceNext(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "ann", session("ann", "s2"))
		for _, next := range []string{"/account/activity", "/account/email", ""} {
			must(t, db.ReplaceNext(t.Context(), "s1", next))
			for token, want := range map[string]string{"token of s1": next, "token of s2": ""} {
				if s, err := db.FindSession(t.Context(), token); err != nil || s.Next != want {
					t.Errorf("%q of %s, %v, want %q", s.Next, token, err, want)
				}
			}
		}
		must(t, db.ReplaceNext(t.Context(), "s9", "/account/activity"))
	})
}
