package db

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// Every message goes to one worker, and none is left over.
func TestClaimMessages_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		const queued = 20
		for i := range queued {
			b.give(t, auth.Grant{Messages: []auth.Message{message(fmt.Sprint(i))}})
		}
		var lock sync.Mutex
		claimed := map[string]int{}
		b.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			messages, err := s.ClaimMessages(ctx, noon, noon.Add(auth.MessageClaim), 3)
			lock.Lock()
			defer lock.Unlock()
			for _, m := range messages {
				claimed[m.ID]++
			}
			return len(messages) > 0, err
		})
		if len(claimed) != queued {
			t.Errorf("%d messages were claimed, not %d", len(claimed), queued)
		}
		for id, times := range claimed {
			if times != 1 {
				t.Errorf("message %s was claimed %d times", id, times)
			}
		}
	})
}

func TestSpendMessage_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, auth.Grant{Messages: []auth.Message{message("m1")}})
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.SpendMessage(ctx, "m1", noon) })
		if n := b.count(t, `SELECT count(*) FROM messages WHERE body IS NULL`); n != 1 {
			t.Error("the body of a sent message was not forgotten")
		}
		late, err := b.ClaimMessages(t.Context(), noon.Add(time.Minute), noon.Add(time.Hour), 10)
		if err != nil || len(late) != 0 {
			t.Errorf("a sent message was handed out again: %v, %v", late, err)
		}
	})
}

func TestClaimMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		older, newer := message("m2"), message("m1")
		older.At = noon.Add(-time.Minute)
		b.give(t, auth.Grant{Messages: []auth.Message{newer, older}})
		claim := func(now time.Time) []auth.Message {
			t.Helper()
			got, err := b.ClaimMessages(t.Context(), now, now.Add(auth.MessageClaim), 10)
			must(t, err)
			return got
		}
		if got := claim(noon); !reflect.DeepEqual(got, []auth.Message{older, newer}) {
			t.Errorf("got %+v", got)
		}
		if got := claim(noon.Add(time.Second)); len(got) != 0 {
			t.Errorf("what one worker has was handed to another: %+v", got)
		}
		// A worker that died gives its messages back by not saying that it sent them.
		if got := claim(noon.Add(auth.MessageClaim)); len(got) != 2 {
			t.Errorf("%d messages came back, not 2", len(got))
		}
		must(t, b.ReplaceDue(t.Context(), "m1", 3, noon.Add(2*time.Minute)))
		if got := claim(noon.Add(2 * time.Minute)); len(got) != 2 || got[1].Tries != 3 {
			t.Errorf("got %+v", got)
		}
		if got := claim(newer.ExpiresAt); len(got) != 0 {
			t.Errorf("expired messages were handed out: %+v", got)
		}
	})
}

func TestRemoveMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, auth.Grant{Messages: []auth.Message{message("m1"), message("m2")}})
		spent, err := b.SpendMessage(t.Context(), "m2", noon)
		wantTrue(t, spent, err)
		for _, c := range []struct {
			by            time.Time
			removed, left int
		}{
			{noon, 0, 2},
			{noon.Add(auth.CodeLifetimeMost), 1, 1},
			{noon.Add(25 * time.Hour), 0, 0},
		} {
			removed, err := b.RemoveMessages(t.Context(), c.by)
			must(t, err)
			if left := b.count(t, `SELECT count(*) FROM messages`); removed != c.removed || left != c.left {
				t.Errorf("by %v: %d removed and %d left, not %d and %d", c.by, removed, left, c.removed, c.left)
			}
		}
	})
}
