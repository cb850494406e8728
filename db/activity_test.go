package db

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindActivity(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addEverything(t, "bob", noon)
		first := auth.Event{
			ID: "0", User: "ann", At: noon.Add(time.Second), Type: auth.BackupCodeUsed, Factor: auth.BackupCode,
			IP: "192.0.2.1", UserAgent: "a browser", Phone: "+4915100000001", Email: "ann@example.org", BackupCodesLeft: 3,
		}
		events := []auth.Event{first}
		all := set("ann", auth.RecordEvent{Event: first})
		for i := 1; i < 5; i++ {
			events = append(events, auth.Event{ID: fmt.Sprint(i), User: "ann", At: noon, Type: auth.SignedIn})
			all.Changes = append(all.Changes, auth.RecordEvent{Event: events[i]})
		}
		must(t, db.Apply(t.Context(), all))
		slices.Reverse(events)
		for _, c := range []struct {
			before string
			limit  int
			want   []auth.Event
		}{
			{"", 2, events[:2]},
			{"3", 2, events[2:4]},
			{"1", 2, events[4:]},
			{"0", 2, nil},
		} {
			got, err := db.FindActivity(t.Context(), "ann", c.before, c.limit)
			must(t, err)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("before %q: got %+v, want %+v", c.before, got, c.want)
			}
		}
	})
}

// Recording an event for an account that was just deleted is not an error.
func TestApply_EventWithoutUser(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		e := auth.Event{ID: "0", User: "ann", At: noon, Type: auth.SignInLocked}
		must(t, db.Apply(t.Context(), set("ann", auth.RecordEvent{Event: e})))
		wantRows(t, db.rowCounts(t), map[string]int{"audit_events": 0})
	})
}
