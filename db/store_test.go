package db

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// set is changes to an account at noon.
func set(user auth.UserID, changes ...auth.Change) auth.ChangeSet {
	return auth.ChangeSet{User: user, At: noon, Changes: changes}
}

// give applies changes that have no condition.
func (b base) give(t *testing.T, user auth.UserID, changes ...auth.Change) {
	t.Helper()
	must(t, b.AddAttempt(t.Context(), set(user, changes...)))
}

// ann is an account with one session, an app used at step 100, a phone that is
// no factor, a backup code and an open attempt.
func (b base) ann(t *testing.T) {
	t.Helper()
	b.give(t, "ann",
		auth.AddUser{User: user("ann"), CreatedAt: noon},
		session("ann", "s1"),
		attempt("ann", "a1"),
		code("a1"),
		auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: []byte("a key of twenty byte"), LastStep: 100, AddedAt: noon}},
		phone("ann", "p1", "+4915100000001"),
		codes("ann", "h1", "h2"),
	)
}

func user(id auth.UserID) auth.User {
	email := auth.Email{Typed: "A" + string(id) + "@example.org", Key: "a" + string(id) + "@example.org"}
	return auth.User{ID: id, Email: email, PasswordHash: "hash of " + string(id)}
}

func session(user auth.UserID, id auth.SessionID) auth.BeginSession {
	return auth.BeginSession{Session: auth.Session{
		ID: id, TokenHash: "handle of " + string(id), User: user, CreatedAt: noon, StartedAt: noon, SeenAt: noon, PasswordAt: noon,
		IP: "192.0.2.1", UserAgent: "a browser",
	}}
}

func attempt(user auth.UserID, handle string) auth.AddAttempt {
	return auth.AddAttempt{Attempt: auth.Attempt{
		TokenHash: handle, Purpose: auth.SignIn, User: user, Email: "ann@example.org", Next: "/account",
		Verified: []auth.VerifiedFactor{{Factor: auth.Password, At: noon}}, ExpiresAt: noon.Add(auth.AttemptLifetime),
	}}
}

func code(holder string) auth.PutSentCode {
	return auth.PutSentCode{SentCode: auth.SentCode{
		Holder: holder, MAC: []byte("mac for " + holder), To: "+4915100000001",
		SentAt: noon, ExpiresAt: noon.Add(auth.CodeLifetimeMax),
	}}
}

func codes(user auth.UserID, hashes ...string) auth.EnsureBackupCodes {
	return auth.EnsureBackupCodes{BackupCodeSet: auth.BackupCodeSet{
		User: user, Salt: "salt", Hashes: hashes, Unseen: []string{"unseenbackupcode"},
		UnseenUntil: noon.Add(auth.BackupCodesUnseenLifetime), MadeAt: noon,
	}}
}

func phone(user auth.UserID, id auth.PhoneID, number string) auth.AddPhone {
	return auth.AddPhone{Phone: auth.Phone{ID: id, Number: number, VerifiedAt: noon}, Session: "s1"}
}

func message(id string) auth.Message {
	return auth.Message{
		ID: id, Channel: auth.BySMS, To: "+4915100000001", Kind: auth.MessageSignInCode,
		At: noon, ExpiresAt: noon.Add(auth.CodeLifetimeMax), Code: "271828",
	}
}

// held is a message that a holder's page may speak of.
func held(id, holder string) auth.Message {
	m := message(id)
	m.Holder = holder
	return m
}

// FindSession reads a session with all that is told of it.
func (b base) FindSession(ctx context.Context, handle string) (auth.Session, error) {
	f, _, err := b.FindSessionFactors(ctx, handle, noon)
	if err != nil {
		return f, err
	}
	all, err := b.FindSessions(ctx, f.User)
	for _, one := range all {
		told := one
		told.CreatedAt, told.IP, told.UserAgent = f.CreatedAt, f.IP, f.UserAgent
		if told == f { // both ways to it agree
			return one, err
		}
	}
	return f, errors.Join(err, errors.New("the session is not among those of its account"))
}

const racers = 32

// race asks from 32 goroutines at once, half of them through a second store on
// the same database, and returns how many were told true.
func (b base) race(t *testing.T, ask func(ctx context.Context, s *Store, i int) (bool, error)) (winners int) {
	t.Helper()
	stores := []*Store{b.Store, b.again(t)}
	answers := make([]bool, racers)
	errs := make([]error, racers)
	var start, end sync.WaitGroup
	start.Add(1)
	for i := range racers {
		end.Go(func() {
			start.Wait()
			answers[i], errs[i] = ask(t.Context(), stores[i%2], i)
		})
	}
	start.Done()
	end.Wait()
	must(t, errors.Join(errs...))
	for _, told := range answers {
		if told {
			winners++
		}
	}
	return winners
}

// once fails unless exactly one of the racing callers is told true.
func (b base) once(t *testing.T, ask func(ctx context.Context, s *Store, i int) (bool, error)) {
	t.Helper()
	if winners := b.race(t, ask); winners != 1 {
		t.Errorf("%d of %d racing callers were told true, not one", winners, racers)
	}
}

// count reads one number past the store.
func (b base) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	must(t, b.db.Find(t.Context(), engine.Row{&n}, query, args...))
	return n
}

// change writes past the store.
func (b base) change(t *testing.T, query string, args ...any) {
	t.Helper()
	_, err := b.db.SQL().ExecContext(t.Context(), query, args...)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantNotFound(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("error is %v, not ErrNotFound", err)
	}
}

func wantTrue(t *testing.T, told bool, err error) {
	t.Helper()
	must(t, err)
	if !told {
		t.Error("told false, not true")
	}
}

func wantFalse(t *testing.T, told bool, err error) {
	t.Helper()
	must(t, err)
	if told {
		t.Error("told true, not false")
	}
}
