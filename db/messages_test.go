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
			b.give(t, "ann", auth.QueueMessage{Message: message(fmt.Sprint(i))})
		}
		var lock sync.Mutex
		claimed := map[string]int{}
		b.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			messages, err := s.ClaimMessages(ctx, auth.BySMS, noon, noon.Add(auth.MessageClaimTime), furthest, 3)
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
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")})
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.SpendMessage(ctx, "m1", noon) })
		if n := b.count(t, `SELECT count(*) FROM messages WHERE body IS NULL`); n != 1 {
			t.Error("the body of a sent message was not forgotten")
		}
		late, err := b.ClaimMessages(t.Context(), auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour), furthest, 10)
		if err != nil || len(late) != 0 {
			t.Errorf("a sent message was handed out again: %v, %v", late, err)
		}
	})
}

// furthest is past every time of these tests.
var furthest = noon.Add(1000 * time.Hour)

// What a clock that was wrong has put off is due by the one that is right.
func TestClaimMessages_ClockSetBack(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")})
		soon, late := noon.Add(3*time.Minute), noon.Add(time.Hour)
		must(t, b.RescheduleMessage(t.Context(), "m1", 1, late, late))
		must(t, b.RescheduleMessage(t.Context(), "m2", 1, noon, soon))
		got, err := b.ClaimMessages(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), soon, 10)
		if err != nil || len(got) != 1 || got[0].ID != "m1" || got[0].Failures != 1 {
			t.Errorf("got %+v, %v, not the one put off for ever", got, err)
		}
	})
}

func TestClaimMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		older, newer := message("m2"), message("m1")
		older.At = noon.Add(-time.Minute)
		b.give(t, "ann", auth.QueueMessage{Message: newer}, auth.QueueMessage{Message: older})
		claim := func(now time.Time) []auth.Message {
			t.Helper()
			got, err := b.ClaimMessages(t.Context(), auth.BySMS, now, now.Add(auth.MessageClaimTime), furthest, 10)
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
		if got := claim(noon.Add(auth.MessageClaimTime)); len(got) != 2 {
			t.Errorf("%d messages came back, not 2", len(got))
		}
		later := noon.Add(2 * auth.MessageClaimTime)
		must(t, b.RescheduleMessage(t.Context(), "m1", 3, noon, later))
		if got := claim(later); len(got) != 2 || got[1].Failures != 3 {
			t.Errorf("got %+v", got)
		}
		if got := claim(newer.ExpiresAt); len(got) != 0 {
			t.Errorf("expired messages were handed out: %+v", got)
		}
	})
}

// The only server on a database need not wait for the claims of a killed one, but
// still waits before it retries.
func TestReleaseMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")})
		claim := func() []auth.Message {
			t.Helper()
			got, err := b.ClaimMessages(t.Context(), auth.BySMS, noon, noon.Add(auth.MessageClaimTime), furthest, 10)
			must(t, err)
			return got
		}
		if got := claim(); len(got) != 2 {
			t.Fatalf("got %+v", got)
		}
		must(t, b.RescheduleMessage(t.Context(), "m1", 1, noon, noon.Add(time.Minute)))
		must(t, b.ReleaseMessages(t.Context(), noon))
		if got := claim(); len(got) != 1 || got[0].ID != "m2" {
			t.Errorf("after the release got %+v", got)
		}
	})
}

// A message has one end: of any number of workers that say it was sent or
// refused, one is believed.
func TestRefuseMessage_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")})
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i%4 < 2 { // both by either store
				return s.RejectMessage(ctx, "m1", noon)
			}
			return s.SpendMessage(ctx, "m1", noon)
		})
		if n := b.count(t, `SELECT count(*) FROM messages WHERE body IS NULL AND (sent_at IS NULL) <> (rejected_at IS NULL)`); n != 1 {
			t.Error("the message has not one end")
		}
		must(t, b.RescheduleMessage(t.Context(), "m1", 1, noon, noon))
		late, err := b.ClaimMessages(t.Context(), auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour), furthest, 10)
		if err != nil || len(late) != 0 {
			t.Errorf("it was handed out again: %v, %v", late, err)
		}
	})
}

// Who sends SMS is not held up by mail.
func TestClaimMessages_ByChannel(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		mail := message("m1")
		mail.Channel = auth.ByEmail
		b.give(t, "ann", auth.QueueMessage{Message: mail}, auth.QueueMessage{Message: message("m2")})
		for channel, want := range map[auth.Channel]string{auth.ByEmail: "m1", auth.BySMS: "m2"} {
			got, err := b.ClaimMessages(t.Context(), channel, noon, noon.Add(auth.MessageClaimTime), furthest, 10)
			if err != nil || len(got) != 1 || got[0].ID != want {
				t.Errorf("by %s: %+v, %v", channel, got, err)
			}
		}
	})
}

// A code is found with how its message fares; a newer one takes its place, and
// what has not gone by then goes no more (SM-06).
func TestFindSentCode_Delivery(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		fares := func(want auth.Delivery) {
			t.Helper()
			c, err := b.FindSentCode(t.Context(), "a1")
			if err != nil || c.Delivery != want {
				t.Errorf("it fares as %+v, %v; want %+v", c.Delivery, err, want)
			}
		}
		fares(auth.Delivery{})
		b.give(t, "ann", code("a1"), auth.QueueMessage{Message: held("m1", "a1")}, auth.QueueMessage{Message: message("m2")})
		fares(auth.Delivery{})
		must(t, b.RescheduleMessage(t.Context(), "m1", 2, noon, noon.Add(time.Second)))
		fares(auth.Delivery{Failures: 2})
		b.give(t, "ann", code("a1"), auth.QueueMessage{Message: held("m3", "a1")})
		fares(auth.Delivery{})
		got, err := b.ClaimMessages(t.Context(), auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour), furthest, 10)
		if err != nil || len(got) != 2 || got[0].ID == "m1" || got[1].ID == "m1" {
			t.Errorf("what is due is %+v, %v", got, err)
		}
		_, err = b.SpendMessage(t.Context(), "m3", noon.Add(time.Minute))
		must(t, err)
		fares(auth.Delivery{SentAt: noon.Add(time.Minute)})
		b.give(t, "ann", code("a1"), auth.QueueMessage{Message: held("m4", "a1")})
		_, err = b.RejectMessage(t.Context(), "m4", noon.Add(time.Hour))
		must(t, err)
		fares(auth.Delivery{Failures: 1, RejectedAt: noon.Add(time.Hour)})
		if n := b.count(t, `SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`); n != 1 {
			t.Error("that one was sent is forgotten")
		}
	})
}

// A channel is stalled from the second message that fails to the next one that
// goes; one alone may be at fault itself. What has no holder says nothing, either way: whether a reset has queued
// anything must not be seen (RC-01).
func TestFindStalled(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		stalled := func(want bool) {
			t.Helper()
			got, err := b.FindStalledChannels(t.Context(), auth.BySMS, 2)
			if err != nil || got != want {
				t.Errorf("stalled is %v, %v; want %v", got, err, want)
			}
			if other, err := b.FindStalledChannels(t.Context(), auth.ByEmail, 2); err != nil || other {
				t.Errorf("the other channel is stalled: %v, %v", other, err)
			}
		}
		fails := func(id string, at time.Time) { t.Helper(); must(t, b.RescheduleMessage(t.Context(), id, 1, at, at)) }
		goes := func(id string, at time.Time) {
			t.Helper()
			_, err := b.SpendMessage(t.Context(), id, at)
			must(t, err)
		}
		stalled(false)
		b.give(t, "ann",
			auth.QueueMessage{Message: message("reset 1")},
			auth.QueueMessage{Message: message("reset 2")},
			auth.QueueMessage{Message: message("reset 3")},
			auth.QueueMessage{Message: held("m1", "a1")},
			auth.QueueMessage{Message: held("m2", "a2")},
			auth.QueueMessage{Message: held("m3", "a3")},
		)
		fails("reset 1", noon)
		fails("reset 2", noon)
		fails("m1", noon)
		stalled(false)
		fails("m2", noon)
		stalled(true)
		goes("reset 3", noon.Add(time.Minute))
		stalled(true)
		goes("m3", noon.Add(time.Minute))
		stalled(false)
		fails("m1", noon.Add(2*time.Minute))
		stalled(false)
		fails("m2", noon.Add(3*time.Minute))
		stalled(true)
		_, err := b.RejectMessage(t.Context(), "m1", noon.Add(4*time.Minute)) // says something of that message alone
		must(t, err)
		stalled(false)
	})
}

func TestRemoveMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")}, auth.QueueMessage{Message: message("m3")})
		spent, err := b.SpendMessage(t.Context(), "m2", noon)
		wantTrue(t, spent, err)
		refused, err := b.RejectMessage(t.Context(), "m3", noon)
		wantTrue(t, refused, err)
		for _, c := range []struct {
			by            time.Time
			removed, left int
		}{
			{noon, 0, 3},
			{noon.Add(auth.CodeLifetimeMax), 1, 2},
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

func TestCountMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		want := func(waiting, failing, refused int) {
			t.Helper()
			w, f, r, err := b.CountMessages(t.Context())
			if err != nil || w != waiting || f != failing || r != refused {
				t.Errorf("%d wait, %d fail and %d were refused, %v; want %d, %d and %d", w, f, r, err, waiting, failing, refused)
			}
		}
		want(0, 0, 0)
		b.give(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")}, auth.QueueMessage{Message: message("m3")}, auth.QueueMessage{Message: message("m4")})
		want(4, 0, 0)
		must(t, b.RescheduleMessage(t.Context(), "m1", 1, noon, noon.Add(time.Minute)))
		_, err := b.SpendMessage(t.Context(), "m2", noon)
		must(t, err)
		_, err = b.RejectMessage(t.Context(), "m4", noon)
		must(t, err)
		want(2, 1, 1)
	})
}
