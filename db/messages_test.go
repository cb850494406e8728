package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// claimAll claims the due messages of a channel, one after another.
func (db testDB) claimAll(t *testing.T, channel auth.Channel, now, until time.Time) (all []auth.Message) {
	t.Helper()
	for {
		m, err := db.ClaimMessage(t.Context(), channel, now, until, latest)
		if errors.Is(err, auth.ErrNotFound) {
			return all
		}
		must(t, err)
		all = append(all, m)
	}
}

// Each message is claimed by exactly one worker.
func TestClaimMessage_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		const queued = 20
		for i := range queued {
			db.apply(t, "ann", auth.QueueMessage{Message: message(fmt.Sprint(i))})
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			m, err := s.ClaimMessage(ctx, auth.BySMS, noon, noon.Add(auth.MessageClaimTime), latest)
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			mu.Lock()
			defer mu.Unlock()
			claimed[m.ID]++
			return true, err
		})
		if len(claimed) != queued {
			t.Errorf("%d messages were claimed, want %d", len(claimed), queued)
		}
		for id, times := range claimed {
			if times != 1 {
				t.Errorf("message %s was claimed %d times", id, times)
			}
		}
	})
}

func TestSpendMessage_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")})
		db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.SpendMessage(ctx, "m1", noon) })
		if n := db.count(t, `SELECT count(*) FROM messages WHERE body IS NULL`); n != 1 {
			t.Error("the body of a sent message was not erased")
		}
		if late := db.claimAll(t, auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour)); len(late) != 0 {
			t.Errorf("a sent message was claimed again: %v", late)
		}
	})
}

// latest is after every time in these tests.
var latest = noon.Add(1000 * time.Hour)

// A message that was postponed too far by a wrong clock is due again.
func TestClaimMessage_ClockSetBack(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")})
		soon, late := noon.Add(3*time.Minute), noon.Add(time.Hour)
		must(t, db.RescheduleMessage(t.Context(), "m1", 1, late, late))
		must(t, db.RescheduleMessage(t.Context(), "m2", 1, noon, soon))
		got, err := db.ClaimMessage(t.Context(), auth.BySMS, noon, noon.Add(time.Minute), soon)
		if err != nil || got.ID != "m1" || got.Failures != 1 {
			t.Errorf("got %+v, %v; want m1", got, err)
		}
		if rest := db.claimAll(t, auth.BySMS, noon, noon.Add(time.Minute)); len(rest) != 0 {
			t.Errorf("also due: %+v", rest)
		}
	})
}

func TestClaimMessage(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		older, newer := message("m2"), message("m1")
		older.At, older.ExpiresAt = older.At.Add(-time.Minute), older.ExpiresAt.Add(-time.Second)
		db.apply(t, "ann", auth.QueueMessage{Message: newer}, auth.QueueMessage{Message: older})
		claim := func(now time.Time) []auth.Message {
			t.Helper()
			return db.claimAll(t, auth.BySMS, now, now.Add(auth.MessageClaimTime))
		}
		if got := claim(noon); !reflect.DeepEqual(got, []auth.Message{older, newer}) {
			t.Errorf("got %+v", got)
		}
		if got := claim(noon.Add(time.Second)); len(got) != 0 {
			t.Errorf("claimed messages were claimed again: %+v", got)
		}
		// The messages of a worker that died are due again after the claim time.
		if got := claim(noon.Add(auth.MessageClaimTime)); len(got) != 2 {
			t.Errorf("%d messages are due again, want 2", len(got))
		}
		later := noon.Add(2 * auth.MessageClaimTime)
		must(t, db.RescheduleMessage(t.Context(), "m1", 3, noon, later))
		if got := claim(later); len(got) != 2 || got[1].Failures != 3 {
			t.Errorf("got %+v", got)
		}
		if got := claim(newer.ExpiresAt); len(got) != 0 {
			t.Errorf("expired messages were claimed: %+v", got)
		}
	})
}

// The only server on a database need not wait for the claims of a killed one, but
// still waits before it retries.
func TestReleaseMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")})
		claim := func() []auth.Message {
			t.Helper()
			return db.claimAll(t, auth.BySMS, noon, noon.Add(auth.MessageClaimTime))
		}
		if got := claim(); len(got) != 2 {
			t.Fatalf("got %+v", got)
		}
		must(t, db.RescheduleMessage(t.Context(), "m1", 1, noon, noon.Add(time.Minute)))
		must(t, db.ReleaseMessages(t.Context(), noon))
		if got := claim(); len(got) != 1 || got[0].ID != "m2" {
			t.Errorf("after the release got %+v", got)
		}
	})
}

// Of concurrent calls that mark a message as sent or rejected, only one succeeds.
func TestRejectMessage_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")})
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i%4 < 2 { // both methods on both stores
				return s.RejectMessage(ctx, "m1", noon)
			}
			return s.SpendMessage(ctx, "m1", noon)
		})
		if n := db.count(t, `SELECT count(*) FROM messages WHERE body IS NULL AND (sent_at IS NULL) <> (rejected_at IS NULL)`); n != 1 {
			t.Error("the message is not either sent or rejected")
		}
		must(t, db.RescheduleMessage(t.Context(), "m1", 1, noon, noon))
		if late := db.claimAll(t, auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour)); len(late) != 0 {
			t.Errorf("the message was claimed again: %v", late)
		}
	})
}

// Workers claim only messages of their channel, so mail does not delay SMS.
func TestClaimMessage_ByChannel(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		mail := message("m1")
		mail.Channel = auth.ByEmail
		db.apply(t, "ann", auth.QueueMessage{Message: mail}, auth.QueueMessage{Message: message("m2")})
		for channel, want := range map[auth.Channel]string{auth.ByEmail: "m1", auth.BySMS: "m2"} {
			got := db.claimAll(t, channel, noon, noon.Add(auth.MessageClaimTime))
			if len(got) != 1 || got[0].ID != want {
				t.Errorf("%s: got %+v; want %s", channel, got, want)
			}
		}
	})
}

// A code is read with the delivery of its message. A new code replaces it, and the
// old message is not sent any more (SM-06).
func TestFindSentCode_Delivery(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		wantDelivery := func(want auth.Delivery) {
			t.Helper()
			c, err := db.FindSentCode(t.Context(), "a1")
			if err != nil || c.Delivery != want {
				t.Errorf("delivery is %+v, %v; want %+v", c.Delivery, err, want)
			}
		}
		wantDelivery(auth.Delivery{})
		db.apply(t, "ann", code("a1"), auth.QueueMessage{Message: messageFor("m1", "a1")}, auth.QueueMessage{Message: message("m2")})
		wantDelivery(auth.Delivery{})
		must(t, db.RescheduleMessage(t.Context(), "m1", 2, noon, noon.Add(time.Second)))
		wantDelivery(auth.Delivery{Failures: 2})
		db.apply(t, "ann", code("a1"), auth.QueueMessage{Message: messageFor("m3", "a1")})
		wantDelivery(auth.Delivery{})
		got := db.claimAll(t, auth.BySMS, noon.Add(time.Minute), noon.Add(time.Hour))
		if len(got) != 2 || got[0].ID == "m1" || got[1].ID == "m1" {
			t.Errorf("due messages are %+v", got)
		}
		_, err := db.SpendMessage(t.Context(), "m3", noon.Add(time.Minute))
		must(t, err)
		must(t, db.RescheduleMessage(t.Context(), "m3", 2, noon, noon.Add(time.Second))) // too late
		wantDelivery(auth.Delivery{SentAt: noon.Add(time.Minute)})
		db.apply(t, "ann", code("a1"), auth.QueueMessage{Message: messageFor("m4", "a1")})
		_, err = db.RejectMessage(t.Context(), "m4", noon.Add(time.Hour))
		must(t, err)
		wantDelivery(auth.Delivery{Failures: 1, RejectedAt: noon.Add(time.Hour)})
		if n := db.count(t, `SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`); n != 1 {
			t.Error("the row of a sent message was removed")
		}
	})
}

// A channel is stalled once two messages have failed since the last one that was
// sent: one failure may be caused by the message. Messages without a holder do not
// count, because nobody may see whether a reset has queued one (RC-01).
func TestFindStalledChannels(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		wantStalled := func(want bool) {
			t.Helper()
			got, err := db.FindStalledChannels(t.Context(), auth.BySMS, 2)
			if err != nil || got != want {
				t.Errorf("stalled is %v, %v; want %v", got, err, want)
			}
			if other, err := db.FindStalledChannels(t.Context(), auth.ByEmail, 2); err != nil || other {
				t.Errorf("other channel: stalled is %v, %v", other, err)
			}
		}
		fail := func(id string, at time.Time) { t.Helper(); must(t, db.RescheduleMessage(t.Context(), id, 1, at, at)) }
		send := func(id string, at time.Time) {
			t.Helper()
			_, err := db.SpendMessage(t.Context(), id, at)
			must(t, err)
		}
		wantStalled(false)
		db.apply(t, "ann",
			auth.QueueMessage{Message: message("reset 1")},
			auth.QueueMessage{Message: message("reset 2")},
			auth.QueueMessage{Message: message("reset 3")},
			auth.QueueMessage{Message: messageFor("m1", "a1")},
			auth.QueueMessage{Message: messageFor("m2", "a2")},
			auth.QueueMessage{Message: messageFor("m3", "a3")},
		)
		fail("reset 1", noon)
		fail("reset 2", noon)
		fail("m1", noon)
		wantStalled(false)
		fail("m2", noon)
		wantStalled(true)
		send("reset 3", noon.Add(time.Minute))
		wantStalled(true)
		send("m3", noon.Add(time.Minute))
		wantStalled(false)
		fail("m1", noon.Add(2*time.Minute))
		wantStalled(false)
		fail("m2", noon.Add(3*time.Minute))
		wantStalled(true)
		_, err := db.RejectMessage(t.Context(), "m1", noon.Add(4*time.Minute)) // says nothing about the channel
		must(t, err)
		wantStalled(false)
	})
}

func TestRemoveMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")}, auth.QueueMessage{Message: message("m3")})
		spent, err := db.SpendMessage(t.Context(), "m2", noon)
		wantTrue(t, spent, err)
		rejected, err := db.RejectMessage(t.Context(), "m3", noon)
		wantTrue(t, rejected, err)
		for _, c := range []struct {
			by            time.Time
			removed, left int
		}{
			{noon, 0, 3},
			{noon.Add(auth.CodeLifetimeMax), 1, 2},
			{noon.Add(25 * time.Hour), 0, 0},
		} {
			removed, err := db.RemoveMessages(t.Context(), c.by)
			must(t, err)
			if left := db.count(t, `SELECT count(*) FROM messages`); removed != c.removed || left != c.left {
				t.Errorf("by %v: %d removed and %d left, want %d and %d", c.by, removed, left, c.removed, c.left)
			}
		}
	})
}

func TestCountMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		want := func(waiting, failing, rejected int) {
			t.Helper()
			w, f, r, err := db.CountMessages(t.Context())
			if err != nil || w != waiting || f != failing || r != rejected {
				t.Errorf("%d waiting, %d failing and %d rejected, %v; want %d, %d and %d", w, f, r, err, waiting, failing, rejected)
			}
		}
		want(0, 0, 0)
		db.apply(t, "ann", auth.QueueMessage{Message: message("m1")}, auth.QueueMessage{Message: message("m2")}, auth.QueueMessage{Message: message("m3")}, auth.QueueMessage{Message: message("m4")})
		want(4, 0, 0)
		must(t, db.RescheduleMessage(t.Context(), "m1", 1, noon, noon.Add(time.Minute)))
		_, err := db.SpendMessage(t.Context(), "m2", noon)
		must(t, err)
		_, err = db.RejectMessage(t.Context(), "m4", noon)
		must(t, err)
		want(2, 1, 1)
	})
}

// Of concurrent notices past their limits none is queued: three, and one summary.
func TestQueueMessage_Limits(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limits := []auth.RateLimit{
			{Key: "notice/ann", Limiter: auth.Window{Max: 3, Per: time.Hour}},
			{Key: "summary/ann", Limiter: auth.Window{Max: 1, Per: time.Hour}},
		}
		db.addAnn(t)
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return true, s.Apply(ctx, set("ann", auth.QueueMessage{Message: message(fmt.Sprintf("m%d", i)), Limits: limits}))
		})
		got := db.claimAll(t, auth.BySMS, noon, noon.Add(time.Minute))
		summaries := 0
		for _, m := range got {
			if m.Summary {
				summaries++
			}
		}
		if len(got) != 4 || summaries != 1 {
			t.Errorf("%d messages, %d summaries", len(got), summaries)
		}
	})
}

// A required message past its limits undoes the changes that it comes with, and its count.
func TestQueueMessage_Required(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		limits := []auth.RateLimit{{Key: "warn", Limiter: auth.Window{Max: 3, Per: time.Hour}}}
		warn := func(id string) auth.QueueMessage {
			return auth.QueueMessage{Message: message(id), Limits: limits, Required: true}
		}
		must(t, db.Apply(t.Context(), set("ann", warn("m1"), warn("m2"))))
		if err := db.Apply(t.Context(), set("ann", warn("m3"), warn("m4"))); !errors.Is(err, auth.ErrNotQueued) {
			t.Errorf("past the limit: %v", err)
		}
		must(t, db.Apply(t.Context(), set("ann", warn("m5"))))
		if got := db.claimAll(t, auth.BySMS, noon, noon.Add(time.Minute)); len(got) != 3 {
			t.Errorf("%d messages, want 3", len(got))
		}
	})
}
