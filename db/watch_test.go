package db

import (
	"testing"
	"time"

	"twostep/auth"
)

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

func TestPools(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		pools := b.Pools()
		if len(pools) == 0 {
			t.Error("there is no pool")
		}
		for name, p := range pools {
			if p.Max < 1 || p.Open > p.Max || p.InUse > p.Open {
				t.Errorf("%s is %+v", name, p)
			}
		}
	})
}
