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

// rotated is the base's store with a new key before the others.
func (b base) rotated(t *testing.T) *Store {
	t.Helper()
	added, id, err := b.keys.Add()
	must(t, err)
	s := b.again(t)
	s.seals = seal.Sealer{Keys: added.Promote(id)}
	return s
}

func wantSealedBy(t *testing.T, s *Store, want map[byte]int) {
	t.Helper()
	counts, err := s.CountSealed(t.Context())
	if err != nil || !maps.Equal(counts, want) {
		t.Errorf("sealed are %v, %v, want %v", counts, err, want)
	}
}

// ST-06: after a rotation everything is under the new key and says the same.
func TestReseal_EveryKind(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.sealAll(t)
		s := b.rotated(t)
		told := 0
		done, broken, err := s.Reseal(t.Context(), func(n int) { told = n })
		if err != nil || done != len(sealedColumns) || broken != 0 || told != done {
			t.Errorf("%d done, %d told, %d broken, %v", done, told, broken, err)
		}
		wantSealedBy(t, s, map[byte]int{2: len(sealedColumns)})
		must(t, s.CheckSealed(t.Context()))
		key, err := s.FindTOTP(t.Context(), "ann")
		if err != nil || string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 {
			t.Errorf("the app is %+v, %v", key, err)
		}
		unseen, err := s.FindUnseenCodes(t.Context(), "ann", noon)
		if err != nil || fmt.Sprint(unseen) != "[unseenbackupcode]" {
			t.Errorf("the codes are %v, %v", unseen, err)
		}
		messages, err := s.ClaimMessages(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), furthest, 9)
		if err != nil || len(messages) != 1 || messages[0].Code != "271828" {
			t.Errorf("the messages are %v, %v", messages, err)
		}
		if done, _, err := s.Reseal(t.Context(), func(int) {}); done != 0 || err != nil {
			t.Errorf("once more: %d done, %v", done, err)
		}
	})
}

// Stopped after any transaction and started again it ends where it would have.
func TestReseal_GoesOn(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		const all = 2*resealBatch + 7
		for i := range all {
			b.give(t, "ann", auth.QueueMessage{Message: message(fmt.Sprint("m", i))})
		}
		s := b.rotated(t)
		stops := 0
		for {
			ctx, stop := context.WithCancel(t.Context())
			_, _, err := s.Reseal(ctx, func(int) { stop() })
			stop()
			if err == nil {
				break
			}
			if stops++; stops > 5 {
				t.Fatalf("it does not get on: %v", err)
			}
		}
		if stops != 3 {
			t.Errorf("stopped %d times, want after each of 3 transactions", stops)
		}
		wantSealedBy(t, s, map[byte]int{2: all})
	})
}

// While servers of the old ring and of the new one write and read, none reads
// what it cannot open, and nothing that was written is lost.
func TestReseal_BesideServers(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		next := b.keys
		follow, err := auth.LoadKeyring(func() (auth.Keyring, error) { return next, nil })
		must(t, err)
		server := b.again(t)
		server.seals = seal.Sealer{Keys: follow}
		b.ann(t)
		s := b.rotated(t)
		next = s.seals.Keys // the server learns of it by the first value that it cannot open

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
			t.Errorf("sealed are %v, %v", counts, err)
		}
	})
}

// A value that was changed between reading and writing keeps the change.
func TestResealValues_ChangedMeanwhile(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		s := b.rotated(t)
		totp := sealedColumns[0]
		read, err := s.findOutdated(t.Context(), totp, "")
		if err != nil || len(read) != 1 {
			t.Fatalf("read %v, %v", read, err)
		}
		b.give(t, "ann", auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: []byte("the newer key"), AddedAt: noon}})
		done, broken, err := s.resealValues(t.Context(), totp, read)
		if done != 0 || broken != 0 || err != nil {
			t.Errorf("%d done, %d broken, %v", done, broken, err)
		}
		if key, err := s.FindTOTP(t.Context(), "ann"); err != nil || string(key.Secret) != "the newer key" {
			t.Errorf("the key is %q, %v", key.Secret, err)
		}
	})
}

// What does not open stands in nobody's way, is left as it is and is counted.
func TestReseal_Broken(t *testing.T) {
	b := open(t)
	b.sealAll(t)
	b.change(t, `UPDATE messages SET body = x'0102'`)
	s := b.rotated(t)
	done, broken, err := s.Reseal(t.Context(), func(int) {})
	if done != len(sealedColumns)-1 || broken != 1 || err != nil {
		t.Errorf("%d done, %d broken, %v", done, broken, err)
	}
	wantSealedBy(t, s, map[byte]int{1: 1, 2: len(sealedColumns) - 1})
}
