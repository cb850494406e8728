package db

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"twostep/auth"
)

// everything is an account with a row in every table, written at a time. It
// stands in no other's way.
func (b base) everything(t *testing.T, who auth.UserID, now time.Time) {
	t.Helper()
	name := func(thing string) string { return thing + " of " + string(who) }
	s := session(who, auth.SessionID(name("session")))
	s.CreatedAt, s.StartedAt, s.SeenAt = now, now, now
	p := phone(who, auth.PhoneID(name("phone")), "+4915100000001")
	p.ReservedAt, p.Session = now, s.ID
	a := attempt(who, name("attempt"))
	a.Session, a.ExpiresAt = s.ID, now.Add(auth.AttemptLifetime)
	set := codes(who, name("one"), name("two"))
	set.UnseenUntil = now.Add(auth.BackupCodesUnseenLifetime)
	m := message(name("message"))
	m.ExpiresAt = now.Add(auth.MessageRetention)
	must(t, b.Apply(t.Context(), auth.ChangeSet{User: who, At: now, Changes: []auth.Change{
		auth.AddUser{User: user(who), CreatedAt: now},
		s,
		auth.RememberDevice{TokenHash: name("marker")},
		a,
		codeAt(a.TokenHash, now),
		auth.PutTOTP{TOTPKey: auth.TOTPKey{User: who, Secret: []byte("a key of twenty byte"), AddedAt: now}},
		p,
		set,
		auth.RecordEvent{Event: auth.Event{ID: name("0 event"), User: who, At: now, Type: auth.SignedIn}},
		auth.QueueMessage{Message: m},
	}}))
	apps := auth.TOTPEnrolment{
		ID: name("key"), Session: s.ID, User: who, Secret: []byte("another key of 20 by"), ExpiresAt: now.Add(auth.EnrolmentLifetime),
	}
	must(t, b.AddTOTPEnrolment(t.Context(), apps, now))
	number := auth.PhoneEnrolment{
		ID: name("number"), Session: s.ID, User: who, Number: "+4915100000002", ExpiresAt: now.Add(auth.EnrolmentLifetime),
	}
	must(t, b.ReplacePhoneEnrolment(t.Context(), number, auth.ChangeSet{User: who, At: now, Changes: []auth.Change{codeAt(number.ID, now)}}))
	second := changing(who, auth.ForNotices, name("second"))
	must(t, b.ReplaceEmailEnrolment(t.Context(), second, auth.ChangeSet{At: noon}))
	b.give(t, who, auth.ReplaceEmail{EmailEnrolment: second})
	waits := changing(who, auth.ForSignIn, name("new"))
	waits.ExpiresAt = now.Add(auth.StopTokenLifetime)
	must(t, b.ReplaceEmailEnrolment(t.Context(), waits, auth.ChangeSet{User: who, At: now, Changes: []auth.Change{codeAt(waits.ID, now)}}))
	brake := auth.Window{Max: 9, Per: time.Hour}
	_, _, err := b.Allow(t.Context(), now, []auth.RateLimit{
		{Key: "failures/totp/" + string(who), Limiter: brake},
		{Key: "failures/totp/known/" + string(who), Limiter: brake},
		{Key: "failures/email_code/" + a.TokenHash, Limiter: brake},
		{Key: "send/account/1h0m0s/" + string(who), Limiter: brake},
		{Key: "tell/factor/1h0m0s/sign_in_locked/totp/known/" + string(who), Limiter: brake},
	})
	must(t, err)
}

func codeAt(holder string, now time.Time) auth.PutSentCode {
	c := code(holder)
	c.SentAt, c.ExpiresAt = now, now.Add(auth.CodeLifetimeMax)
	return c
}

// tables counts the rows of every table there is.
func (b base) tables(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, name := range b.names(t) {
		counts[name] = b.count(t, `SELECT count(*) FROM `+name)
	}
	return counts
}

func wantTables(t *testing.T, got, want map[string]int) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s has %d rows, not %d", name, got[name], want[name])
		}
	}
}

func ends(now time.Time) auth.Cutoffs {
	return auth.Cutoffs{
		SessionsSeen: now.Add(-auth.SessionIdleMax), SessionsStarted: now.Add(-auth.SessionLifetimeMax),
		Activity: now.Add(-auth.ActivityRetention), KnownDevices: now.Add(-auth.KnownDeviceLifetime), RateLimits: now.Add(-24 * time.Hour),
		Failures: now.Add(-auth.FailureRetention),
	}
}

// ST-10: nothing that has expired stays, and the rest does, of the same
// account and of others.
func TestRemoveExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		later := noon.Add(500 * 24 * time.Hour)
		b.everything(t, "bob", later)
		fresh := b.tables(t)
		b.everything(t, "ann", noon)
		both := b.tables(t)

		removed, err := b.RemoveExpired(t.Context(), noon, ends(noon))
		must(t, err)
		if removed != 0 {
			t.Errorf("%d rows were removed while nothing had expired", removed)
		}
		wantTables(t, b.tables(t), both)

		_, err = b.RemoveExpired(t.Context(), later, ends(later))
		must(t, err)
		want := maps.Clone(fresh)
		for _, stays := range []string{"users", "totp", "phones", "backup_code_sets", "backup_codes", "notice_emails"} {
			want[stays] = both[stays]
		}
		wantTables(t, b.tables(t), want)
		if n := b.count(t, `SELECT count(*) FROM backup_code_sets WHERE unseen IS NOT NULL`); n != 1 {
			t.Errorf("the text of %d sets is there, not of bob's alone", n)
		}

		removed, err = b.RemoveExpired(t.Context(), later, ends(later))
		must(t, err)
		if removed != 0 {
			t.Errorf("then %d more", removed)
		}
	})
}

// What is under way in a session that is over goes with it, codes too.
func TestRemoveExpired_CodesOfSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.everything(t, "ann", noon)
		soon := noon.Add(time.Minute)
		for _, end := range []auth.Cutoffs{{SessionsSeen: noon}, {SessionsStarted: noon}} {
			removed, err := b.RemoveExpired(t.Context(), soon, end)
			must(t, err)
			if removed != 0 {
				t.Error("a session of that very moment was removed")
			}
		}
		removed, err := b.RemoveExpired(t.Context(), soon, auth.Cutoffs{SessionsStarted: soon})
		must(t, err)
		if removed != 1 {
			t.Errorf("%d rows were removed, not the session", removed)
		}
		if n := b.count(t, `SELECT count(*) FROM sent_codes WHERE holder <> 'address of ann'`); n != 0 {
			t.Errorf("%d codes have no holder", n)
		}
		wantTables(t, b.tables(t), map[string]int{"sessions": 0, "attempts": 0, "phone_enrolments": 0, "totp_enrolments": 0, "email_enrolments": 1})
	})
}

// RL-01: failures in a row are forgotten a time after the last of them, and no
// window's count with them.
func TestRemoveExpired_Failures(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		brake := auth.Backoff{Free: 5, First: time.Minute, Max: time.Hour, LockAt: 100}
		window := auth.RateLimit{Key: "answer/address/1m0s/192.0.2.1/32", Limiter: auth.Window{Max: 9, Per: time.Minute}}
		for key, last := range map[string]time.Time{"failures/totp/ann": noon, "failures/totp/known/bob": noon.Add(time.Minute)} {
			for _, now := range []time.Time{noon.Add(-time.Hour), last} {
				_, _, err := b.Allow(t.Context(), now, []auth.RateLimit{{Key: key, Limiter: brake}, window})
				must(t, err)
			}
		}
		removed, err := b.RemoveExpired(t.Context(), noon, auth.Cutoffs{Failures: noon})
		must(t, err)
		if removed != 0 {
			t.Errorf("%d counts of that very moment were removed", removed)
		}
		removed, err = b.RemoveExpired(t.Context(), noon, auth.Cutoffs{Failures: noon.Add(time.Second)})
		must(t, err)
		if left := b.count(t, `SELECT count(*) FROM rate_limits WHERE account <> 'ann'`); removed != 1 || left != 2 {
			t.Errorf("%d counts were removed and %d others left", removed, left)
		}
	})
}

// More than goes at once goes in the end.
func TestRemoveExpired_Batches(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		var events []auth.Change
		for i := range 2*sweepBatch + 1 {
			events = append(events, auth.RecordEvent{Event: auth.Event{ID: fmt.Sprint(i), At: noon, Type: auth.SignedIn}})
		}
		b.give(t, "ann", events...)
		removed, err := b.RemoveExpired(t.Context(), noon, auth.Cutoffs{Activity: noon.Add(time.Second)})
		must(t, err)
		if removed != len(events) {
			t.Errorf("%d rows were removed, not %d", removed, len(events))
		}
	})
}
