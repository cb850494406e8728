package db

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// addEverything adds an account with a row in every table, written at now. It can be
// called for several accounts.
func (db testDB) addEverything(t *testing.T, id auth.UserID, now time.Time) {
	t.Helper()
	name := func(thing string) string { return thing + " of " + string(id) }
	s := session(id, auth.SessionID(name("session")))
	s.CreatedAt, s.StartedAt, s.SeenAt = now, now, now
	p := phone(id, auth.PhoneID(name("phone")), "+4915100000001")
	p.ReservedAt, p.Session = now, s.ID
	a := attempt(id, name("attempt"))
	a.Session, a.ExpiresAt = s.ID, now.Add(auth.AttemptLifetime)
	set := codes(id, name("one"), name("two"))
	set.UnseenUntil = now.Add(auth.BackupCodesUnseenLifetime)
	invited := invitation(name("1 invitation"), name("email"))
	invited.ExpiresAt = now.Add(auth.InvitationLifetime)
	m := message(name("message"))
	m.ExpiresAt = now.Add(auth.MessageRetention)
	must(t, db.Apply(t.Context(), auth.ChangeSet{User: id, At: now, Changes: []auth.Change{
		auth.AddUser{User: user(id), CreatedAt: now},
		auth.AddGroup{Name: "ops"},
		invited,
		s,
		auth.PutKnownDevice{KnownDevice: auth.KnownDevice{ID: name("device id"), TokenHash: name("device"), SeenAt: now, RememberedAt: now}},
		auth.PutHostUse{Host: "wiki.example.org"},
		auth.PutHostToken{HostToken: auth.HostToken{TokenHash: name("host token"), Session: s.ID, Host: "wiki.example.org"}},
		a,
		codeAt(a.TokenHash, now),
		auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key of twenty byte"), AddedAt: now}},
		passkey(id, auth.PasskeyID(name("passkey"))),
		p,
		set,
		auth.RecordEvent{Event: auth.Event{ID: name("0 event"), User: id, At: now, Type: auth.SignedIn}},
		auth.QueueMessage{Message: m},
		auth.AddApproval{Approval: approval(name("approval"), id, id, now)},
		auth.PutSetting{StoredSetting: auth.StoredSetting{Setting: auth.Setting(name("setting")), Value: "on"}, By: string(id)},
		auth.AddRecovery{Recovery: recovery(id, now)},
		auth.AddRecoveryToken{Hash: name("recovery token")},
		auth.StopRecovery{},
		mfaPolicy(name("group"), now.AddDate(0, 0, 1), time.Time{}),
		exemption(now.AddDate(0, 0, 1)),
	}}))
	db.exec(t, `INSERT INTO mfa_reminders (user_id, day, days_before) VALUES ($1, $2, 1)`, string(id), now.AddDate(0, 0, 1).UnixMilli())
	must(t, db.ReplaceDay(t.Context(), auth.DayCounts{Day: now.Truncate(24 * time.Hour), Counts: map[auth.Counter]int{auth.CountSignIns: 1}}))
	h := handover(id, s.ID, name("code"))
	h.ExpiresAt = now.Add(auth.HandoverLifetime)
	must(t, db.AddHandover(t.Context(), h))
	key := auth.TOTPEnrolment{
		ID: name("key"), Session: s.ID, User: id, Secret: []byte("another key of 20 by"), ExpiresAt: now.Add(auth.EnrolmentLifetime),
	}
	must(t, db.AddTOTPEnrolment(t.Context(), key, now))
	number := auth.PhoneEnrolment{
		ID: name("number"), Session: s.ID, User: id, Number: "+4915100000002", ExpiresAt: now.Add(auth.EnrolmentLifetime),
	}
	must(t, db.ReplacePhoneEnrolment(t.Context(), number, auth.ChangeSet{User: id, At: now, Changes: []auth.Change{codeAt(number.ID, now)}}))
	second := emailEnrolment(id, auth.ForNotices, name("second"))
	must(t, db.ReplaceEmailEnrolment(t.Context(), second, auth.ChangeSet{At: noon}))
	db.apply(t, id, auth.ReplaceEmail{EmailEnrolment: second})
	pending := emailEnrolment(id, auth.ForSignIn, name("new"))
	pending.ExpiresAt = now.Add(auth.StopTokenLifetime)
	must(t, db.ReplaceEmailEnrolment(t.Context(), pending, auth.ChangeSet{User: id, At: now, Changes: []auth.Change{codeAt(pending.ID, now)}}))
	if _, err := db.FindApp(t.Context(), "a1"); errors.Is(err, auth.ErrNotFound) { // of no account
		db.addApp(t, app("a1"))
		must(t, db.Apply(t.Context(), auth.ChangeSet{At: now, Changes: []auth.Change{spentChallenge("c", now)}}))
		must(t, db.AddFirstSigningKey(t.Context(), signingKeyAt("first", oidc.RS256, noon)))
	}
	granted := grant(name("grant"), id, s.ID, now)
	db.addGrant(t, granted, oidc.ScopeOpenID)
	used, err := db.SpendCode(t.Context(), id, useOf(granted.ID), auth.SessionBounds{SeenFrom: now, StartedFrom: now, Until: now}, refreshToken(name("refresh token"), now),
		auth.ChangeSet{User: id, At: now})
	wantTrue(t, used == oidc.Used, err)
	limiter := auth.Window{Max: 9, Per: time.Hour}
	_, _, err = db.Allow(t.Context(), now, []auth.RateLimit{
		{Key: "failures/totp/" + string(id), Limiter: limiter},
		{Key: "failures/totp/known/" + string(id), Limiter: limiter},
		{Key: "failures/email_code/" + a.TokenHash, Limiter: limiter},
		{Key: "send_code/account/1h0m0s/" + string(id), Limiter: limiter},
		{Key: "notify/factor/1h0m0s/sign_in_locked/totp/known/" + string(id), Limiter: limiter},
	})
	must(t, err)
}

func codeAt(holder string, now time.Time) auth.PutSentCode {
	c := code(holder)
	c.SentAt, c.ExpiresAt = now, now.Add(auth.CodeLifetimeMax)
	return c
}

// rowCounts counts the rows of each table.
func (db testDB) rowCounts(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, name := range db.tableNames(t) {
		counts[name] = db.count(t, `SELECT count(*) FROM `+name)
	}
	return counts
}

func wantRows(t *testing.T, got, want map[string]int) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s has %d rows, want %d", name, got[name], want[name])
		}
	}
}

func cutoffs(now time.Time) auth.Cutoffs {
	return auth.Cutoffs{
		SessionsSeen: now.Add(-auth.SessionIdleMax), SessionsStarted: now.Add(-auth.SessionLifetimeMax),
		Activity: now.Add(-365 * 24 * time.Hour), KnownDevices: now.Add(-auth.KnownDeviceLifetime), FailuresMax: auth.FailuresMax,
	}
}

// ST-10: everything that has expired is removed. The other rows of the same account
// and of others stay.
func TestRemoveExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		later := noon.Add(500 * 24 * time.Hour)
		db.addEverything(t, "bob", later)
		fresh := db.rowCounts(t)
		db.addEverything(t, "ann", noon)
		both := db.rowCounts(t)

		removed, err := db.RemoveExpired(t.Context(), noon, cutoffs(noon))
		must(t, err)
		if removed != 0 {
			t.Errorf("%d rows were removed while nothing had expired", removed)
		}
		wantRows(t, db.rowCounts(t), both)

		_, err = db.RemoveExpired(t.Context(), later, cutoffs(later))
		must(t, err)
		want := maps.Clone(fresh)
		for _, table := range []string{"users", "account_groups", "host_uses", "totp", "passkeys", "phones", "backup_code_sets", "backup_codes", "notice_emails", "app_consents", "settings", "daily", "mfa_policies"} {
			want[table] = both[table]
		}
		want["messages"]++ // to the app of the session that has expired
		wantRows(t, db.rowCounts(t), want)
		if n := db.count(t, `SELECT count(*) FROM backup_code_sets WHERE unseen IS NOT NULL`); n != 1 {
			t.Errorf("%d sets have unseen codes, want only bob's", n)
		}

		removed, err = db.RemoveExpired(t.Context(), later, cutoffs(later))
		must(t, err)
		if removed != 0 {
			t.Errorf("second call removed %d rows", removed)
		}
	})
}

// The attempts, enrolments and codes of an expired session are removed with it.
func TestRemoveExpired_SessionCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addEverything(t, "ann", noon)
		soon := noon.Add(auth.HandoverLifetime / 2)
		for _, end := range []auth.Cutoffs{{SessionsSeen: noon}, {SessionsStarted: noon}} {
			removed, err := db.RemoveExpired(t.Context(), soon, end)
			must(t, err)
			if removed != 0 {
				t.Error("a session was removed exactly at the cutoff")
			}
		}
		removed, err := db.RemoveExpired(t.Context(), soon, auth.Cutoffs{SessionsStarted: soon})
		must(t, err)
		if removed != 1 {
			t.Errorf("%d rows were removed, want 1, the session", removed)
		}
		if n := db.count(t, `SELECT count(*) FROM sent_codes WHERE holder <> 'email of ann'`); n != 0 {
			t.Errorf("%d codes are left without a holder", n)
		}
		wantRows(t, db.rowCounts(t), map[string]int{"sessions": 0, "handovers": 0, "host_tokens": 0, "attempts": 0, "phone_enrolments": 0, "totp_enrolments": 0, "email_enrolments": 1})
	})
}

// RL-01: a failure count is removed some time after the last failure, and that of a window
// when the window has ended by every server's clock.
func TestRemoveExpired_RateLimits(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		window := auth.RateLimit{Key: "verify/ip/1m0s/=hash", Limiter: auth.Window{Max: 9, Per: time.Minute}}
		failures := auth.RateLimit{Key: "failures/totp/ann", Limiter: auth.Backoff{Free: 5, First: time.Minute, Max: time.Hour, LockAt: 100}}
		locked := auth.RateLimit{Key: "failures/reset_email/=hash", Limiter: auth.Lock{At: 100}}
		for _, now := range []time.Time{noon.Add(-time.Hour), noon} {
			_, _, err := db.Allow(t.Context(), now, []auth.RateLimit{window, failures, locked})
			must(t, err)
		}
		for _, step := range []struct {
			after time.Duration
			left  int
		}{
			{time.Minute + auth.ClockSkew - time.Millisecond, 3},
			{time.Minute + auth.ClockSkew, 2},
			{auth.FailureRetention - time.Millisecond, 2},
			{auth.FailureRetention, 0},
		} {
			_, err := db.RemoveExpired(t.Context(), noon.Add(step.after), auth.Cutoffs{})
			must(t, err)
			if left := db.count(t, `SELECT count(*) FROM rate_limits`); left != step.left {
				t.Errorf("%d counts left after %v, want %d", left, step.after, step.left)
			}
		}
	})
}

// Anybody can make a failure count for any email address, so only the last ones are kept.
// Those of accounts all stay (RL-01, RL-03).
func TestRemoveExpired_FailuresMax(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limiter := auth.Backoff{Free: 5, First: time.Minute, Max: time.Hour, LockAt: 100}
		for i := range 10 {
			now := noon.Add(time.Duration(i) * time.Second)
			for _, key := range []string{"failures/password/=%d", "failures/password/ann%d", "failures/password/known/ann%d"} {
				_, _, err := db.Allow(t.Context(), now, []auth.RateLimit{{Key: fmt.Sprintf(key, i), Limiter: limiter}})
				must(t, err)
			}
		}
		later := noon.Add(time.Hour)
		for _, max := range []int{11, 10, 4, 4} {
			_, err := db.RemoveExpired(t.Context(), later, auth.Cutoffs{FailuresMax: max})
			must(t, err)
			if left := db.count(t, `SELECT count(*) FROM rate_limits WHERE account IS NULL`); left != min(max, 10) {
				t.Errorf("%d failure counts of email addresses left, want %d", left, max)
			}
		}
		if n := db.count(t, `SELECT count(*) FROM rate_limits WHERE key IN ('failures/password/=6', 'failures/password/=9')`); n != 2 {
			t.Error("the last counts were removed")
		}
		if n := db.count(t, `SELECT count(*) FROM rate_limits WHERE account IS NOT NULL`); n != 20 {
			t.Errorf("%d failure counts of accounts left, want 20", n)
		}
	})
}

// The batches of a sweep read the rows that they remove and no others, however many are
// kept, because other writers wait for them. So neither database scans a large table of
// which it has statistics, as PostgreSQL collects them by itself within a minute.
func TestRemoveExpired_LargeTable(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		const kept, expired = 200_000, 2*sweepBatch + 1
		insert := func(n, typed int, prefix string, since, expires time.Time) {
			t.Helper()
			db.exec(t, `
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
				INSERT INTO rate_limits (key, count, since, expires_at, typed)
				SELECT $2 || i, 1, CAST($3 AS BIGINT), CAST($4 AS BIGINT) + i, CAST($5 AS INTEGER) FROM n`, n, prefix, since.UnixMilli(), expires.UnixMilli(), typed)
		}
		later := noon.Add(48 * time.Hour)
		insert(kept, 1, "failures/password/=", noon.Add(-time.Hour), noon.Add(auth.FailureRetention))
		insert(expired, 0, "verify/ip/1m0s/=", noon, noon)
		db.exec(t, `ANALYZE rate_limits`)
		for _, query := range []string{sweepTyped.rows, sweepCounts.rows} {
			query = strings.NewReplacer("$1", fmt.Sprint(later.UnixMilli()), "$2", fmt.Sprint(sweepBatch)).Replace(query)
			plan := strings.Join(db.plan(t, query), "\n")
			if strings.Contains(plan, "Seq Scan on rate_limits") || strings.Contains(plan, "SCAN rate_limits") {
				t.Errorf("%s scans the table:\n%s", query, plan)
			}
		}
		removed, err := db.RemoveExpired(t.Context(), later, auth.Cutoffs{FailuresMax: kept - expired})
		must(t, err)
		if removed != 2*expired {
			t.Errorf("%d rows were removed, want %d", removed, 2*expired)
		}
	})
}

// Rows that exceed one batch are removed too.
func TestRemoveExpired_Batches(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		var events []auth.Change
		for i := range 2*sweepBatch + 1 {
			events = append(events, auth.RecordEvent{Event: auth.Event{ID: fmt.Sprint(i), At: noon, Type: auth.SignedIn}})
		}
		db.apply(t, "ann", events...)
		removed, err := db.RemoveExpired(t.Context(), noon, auth.Cutoffs{Activity: noon.Add(time.Second)})
		must(t, err)
		if removed != len(events) {
			t.Errorf("%d rows were removed, want %d", removed, len(events))
		}
	})
}
