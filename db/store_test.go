package db

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// set returns changes to an account at noon.
func set(user auth.UserID, changes ...auth.Change) auth.ChangeSet {
	return auth.ChangeSet{User: user, At: noon, Changes: changes}
}

// apply applies changes that are expected to succeed.
func (db testDB) apply(t *testing.T, user auth.UserID, changes ...auth.Change) {
	t.Helper()
	must(t, db.AddAttempt(t.Context(), set(user, changes...)))
}

// addAnn adds an account with a session, an authenticator app last used at step
// 100, a phone that is not a factor, two backup codes and an attempt with a code.
func (db testDB) addAnn(t *testing.T) {
	t.Helper()
	db.apply(t, "ann",
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
	return auth.User{ID: id, Email: email, PasswordHash: "hash of " + string(id), PasskeyHandle: "handle of " + string(id), UpdatedAt: noon}
}

func session(user auth.UserID, id auth.SessionID) auth.BeginSession {
	return auth.BeginSession{Session: auth.Session{
		ID: id, TokenHash: "token of " + string(id), User: user, CreatedAt: noon, StartedAt: noon, SeenAt: noon, PasswordAt: noon, FirstKind: auth.Password,
		IP: "192.0.2.1", UserAgent: "a browser",
	}}
}

func password(at time.Time) auth.VerifiedFactor {
	return auth.VerifiedFactor{Factor: auth.Password, At: at}
}

func device(token, replaces string) auth.PutKnownDevice {
	return auth.PutKnownDevice{KnownDevice: auth.KnownDevice{ID: "id of " + token, TokenHash: token, SeenAt: noon}, Replaces: replaces}
}

func attempt(user auth.UserID, tokenHash string) auth.AddAttempt {
	return auth.AddAttempt{Attempt: auth.Attempt{
		TokenHash: tokenHash, Purpose: auth.SignIn, User: user, Email: "ann@example.org", Next: "/account",
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

// messageFor returns a message with the code of holder.
func messageFor(id, holder string) auth.Message {
	m := message(id)
	m.Holder = holder
	return m
}

// FindSession finds a session with all its fields. It fails if FindSessionFactors
// and FindSessions disagree.
func (db testDB) FindSession(ctx context.Context, tokenHash string) (auth.Session, error) {
	found, _, err := db.FindSessionFactors(ctx, tokenHash, noon)
	if err != nil {
		return found, err
	}
	all, err := db.FindSessions(ctx, found.User)
	for _, session := range all {
		// FindSessionFactors does not read these fields.
		found.CreatedAt, found.IP, found.UserAgent = session.CreatedAt, session.IP, session.UserAgent
		if session == found {
			return session, err
		}
	}
	return found, errors.Join(err, errors.New("FindSessions does not return the session"))
}

const raceCallers = 32

// race makes concurrent calls, half of them through a second store on the same
// database, and returns how many returned true.
func (db testDB) race(t *testing.T, call func(ctx context.Context, s *Store, i int) (bool, error)) (winners int) {
	t.Helper()
	stores := []*Store{db.Store, db.reopen(t)}
	results := make([]bool, raceCallers)
	errs := make([]error, raceCallers)
	var start, end sync.WaitGroup
	start.Add(1)
	for i := range raceCallers {
		end.Go(func() {
			start.Wait()
			results[i], errs[i] = call(t.Context(), stores[i%2], i)
		})
	}
	start.Done()
	end.Wait()
	must(t, errors.Join(errs...))
	for _, ok := range results {
		if ok {
			winners++
		}
	}
	return winners
}

// wantOneWinner fails unless exactly one of the concurrent calls returns true.
func (db testDB) wantOneWinner(t *testing.T, call func(ctx context.Context, s *Store, i int) (bool, error)) {
	t.Helper()
	if winners := db.race(t, call); winners != 1 {
		t.Errorf("%d of %d concurrent calls returned true, want 1", winners, raceCallers)
	}
}

// count returns the number that a query selects.
func (db testDB) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	must(t, db.db.Find(t.Context(), engine.Row{&n}, query, args...))
	return n
}

// exec runs a write that the store has no method for.
func (db testDB) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	_, err := db.db.SQL().ExecContext(t.Context(), query, args...)
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
		t.Errorf("error is %v, want ErrNotFound", err)
	}
}

func wantEqual(t *testing.T, got, want any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func wantTrue(t *testing.T, ok bool, err error) {
	t.Helper()
	must(t, err)
	if !ok {
		t.Error("returned false, want true")
	}
}

func wantFalse(t *testing.T, ok bool, err error) {
	t.Helper()
	must(t, err)
	if ok {
		t.Error("returned true, want false")
	}
}
