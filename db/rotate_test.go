package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/internal/seal"
)

// withNewKey returns a store whose keyring has a new key before the others.
func (db testDB) withNewKey(t *testing.T) *Store {
	t.Helper()
	added, id, err := db.keys.Add()
	must(t, err)
	s := db.reopen(t)
	s.seals = seal.Sealer{Keys: added.Promote(id)}
	return s
}

func wantSealed(t *testing.T, s *Store, want map[byte]int) {
	t.Helper()
	counts, err := s.CountSealed(t.Context())
	if err != nil || !maps.Equal(counts, want) {
		t.Errorf("sealed values by key are %v, %v; want %v", counts, err, want)
	}
}

// ST-06, PK-24: a rotation encrypts every value with the new key and changes no plaintext.
func TestReseal_EveryColumn(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.sealAll(t)
		s := db.withNewKey(t)
		reported := 0
		done, broken, err := s.Reseal(t.Context(), func(n int) { reported = n })
		if err != nil || done != len(sealedColumns) || broken != 0 || reported != done {
			t.Errorf("%d done, %d reported, %d broken, %v", done, reported, broken, err)
		}
		wantSealed(t, s, map[byte]int{2: len(sealedColumns)})
		must(t, s.CheckSealed(t.Context()))
		key, err := s.FindTOTP(t.Context(), "ann")
		if err != nil || string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 {
			t.Errorf("TOTP key is %+v, %v", key, err)
		}
		passkey, err := s.FindPasskey(t.Context(), []byte("credential of k1"))
		if err != nil || string(passkey.PublicKey) != "public key of k1" {
			t.Errorf("passkey is %+v, %v", passkey, err)
		}
		unseen, err := s.FindUnseenCodes(t.Context(), "ann", noon)
		if err != nil || fmt.Sprint(unseen) != "[unseenbackupcode]" {
			t.Errorf("unseen codes are %v, %v", unseen, err)
		}
		m, err := s.ClaimMessage(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), latest)
		if err != nil || m.Code != "271828" {
			t.Errorf("message is %v, %v", m, err)
		}
		if done, _, err := s.Reseal(t.Context(), func(int) {}); done != 0 || err != nil {
			t.Errorf("second call: %d done, %v", done, err)
		}
	})
}

// A rotation that is interrupted after a transaction continues with the next call.
func TestReseal_Resumes(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		const all = 2*resealBatch + 7
		for i := range all {
			db.apply(t, "ann", auth.QueueMessage{Message: message(fmt.Sprint("m", i))})
		}
		s := db.withNewKey(t)
		stops := 0
		for {
			ctx, stop := context.WithCancel(t.Context())
			_, _, err := s.Reseal(ctx, func(int) { stop() })
			stop()
			if err == nil {
				break
			}
			if stops++; stops > 5 {
				t.Fatalf("no progress: %v", err)
			}
		}
		if stops != 3 {
			t.Errorf("interrupted %d times, want 3, once after each transaction", stops)
		}
		wantSealed(t, s, map[byte]int{2: all})
	})
}

// A server that keeps encrypting with an older key does not keep a rotation from ending.
func TestReseal_Ends(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		next := 9
		add := func(int) { // before the value that was read last
			db.apply(t, "ann", auth.QueueMessage{Message: message(fmt.Sprint("m", next))})
			next--
		}
		add(0)
		if done, _, err := db.withNewKey(t).Reseal(t.Context(), add); done != resealRounds || err != nil {
			t.Errorf("%d done, %v", done, err)
		}
	})
}

// While servers with the old and the new keyring read and write, every read
// decrypts and no write is lost.
func TestReseal_WhileRunning(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		next := db.keys
		follow, err := auth.LoadKeyring(func() (auth.Keyring, error) { return next, nil })
		must(t, err)
		server := db.reopen(t)
		server.seals = seal.Sealer{Keys: follow}
		db.addAnn(t)
		s := db.withNewKey(t)
		next = s.seals.Keys // the server loads it when a value does not decrypt

		var stop atomic.Bool
		served := make(chan error, 1)
		go func() {
			var err error
			for i := 0; !stop.Load() && err == nil; i++ {
				m := message(fmt.Sprint("m", i))
				err = server.AddAttempt(context.Background(), set("ann", auth.QueueMessage{Message: m}))
				_, found := server.FindTOTP(context.Background(), "ann")
				_, unseen := server.FindUnseenCodes(context.Background(), "ann", noon)
				err = errors.Join(err, found, unseen)
			}
			served <- err
		}()
		for range 3 {
			_, broken, err := s.Reseal(t.Context(), func(int) {})
			if err != nil || broken != 0 {
				t.Errorf("%d broken, %v", broken, err)
			}
		}
		stop.Store(true)
		must(t, <-served)
		_, _, err = s.Reseal(t.Context(), func(int) {})
		must(t, err)
		counts, err := s.CountSealed(t.Context())
		if err != nil || len(counts) != 1 || counts[2] == 0 {
			t.Errorf("sealed values by key are %v, %v", counts, err)
		}
	})
}

// A value that changes after it was read is not overwritten.
func TestResealValues_Changed(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		s := db.withNewKey(t)
		totp := sealedColumns[0]
		read, err := s.findOutdated(t.Context(), totp, "")
		if err != nil || len(read) != 1 {
			t.Fatalf("read %v, %v", read, err)
		}
		db.apply(t, "ann", auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: []byte("the newer key"), AddedAt: noon}})
		done, broken, err := s.resealValues(t.Context(), totp, read)
		if done != 0 || broken != 0 || err != nil {
			t.Errorf("%d done, %d broken, %v", done, broken, err)
		}
		if key, err := s.FindTOTP(t.Context(), "ann"); err != nil || string(key.Secret) != "the newer key" {
			t.Errorf("key is %q, %v", key.Secret, err)
		}
	})
}

// A value that does not decrypt is counted, left as it is, and does not stop the
// rotation.
func TestReseal_DamagedValue(t *testing.T) {
	db := openSQLite(t)
	db.sealAll(t)
	db.exec(t, `UPDATE messages SET body = x'0102'`)
	s := db.withNewKey(t)
	rounds := map[int]int{0: 1, len(sealedColumns) - 1: 2} // if the first round has done something, there is another
	for _, want := range []int{len(sealedColumns) - 1, 0} {
		reads := 0
		done, broken, err := s.Reseal(t.Context(), func(int) { reads++ })
		if done != want || broken != 1 || err != nil || reads != want+rounds[want] {
			t.Errorf("%d done, %d broken, %d reads, %v", done, broken, reads, err)
		}
	}
	wantSealed(t, s, map[byte]int{1: 1, 2: len(sealedColumns) - 1})
}
