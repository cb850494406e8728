package db

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindAttempt(t *testing.T) {
	b := open(t)
	b.ann(t)
	want := *attempt("ann", "a1")
	got, err := b.FindAttempt(t.Context(), "a1", noon)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = b.FindAttempt(t.Context(), "a1", want.ExpiresAt)
	wantNotFound(t, err)
	_, err = b.FindAttempt(t.Context(), "unknown", noon)
	wantNotFound(t, err)

	want.NewHash, want.User = "hash", ""
	want.Proved = append(want.Proved, auth.Proof{Kind: auth.EmailCode, At: noon.Add(time.Second)})
	b.give(t, auth.Grant{Attempt: &want})
	got, err = b.FindAttempt(t.Context(), "a1", noon)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReplaceChosen(t *testing.T) {
	b := open(t)
	b.ann(t)
	method := auth.Method{Kind: auth.PhoneCode, Phone: auth.Phone{ID: "p1"}}
	sent := code("a1")
	sent.MAC = []byte("newer")
	changed, err := b.ReplaceChosen(t.Context(), "a1", method, auth.Grant{At: noon, Code: sent})
	wantTrue(t, changed, err)
	got, err := b.FindAttempt(t.Context(), "a1", noon)
	must(t, err)
	if got.Chosen != method {
		t.Errorf("chosen is %+v", got.Chosen)
	}
	if c, err := b.FindSentCode(t.Context(), "a1"); err != nil || string(c.MAC) != "newer" {
		t.Errorf("the code is %q, %v", c.MAC, err)
	}
	late := auth.Grant{At: noon.Add(auth.AttemptLifetime), Messages: []auth.Message{message("m1")}}
	changed, err = b.ReplaceChosen(t.Context(), "a1", method, late)
	wantFalse(t, changed, err)
	if n := b.count(t, `SELECT count(*) FROM messages`); n != 0 {
		t.Error("a message for an attempt that is over")
	}
}

func TestRemoveAttempt(t *testing.T) {
	b := open(t)
	b.ann(t)
	must(t, b.RemoveAttempt(t.Context(), "a1"))
	must(t, b.RemoveAttempt(t.Context(), "a1"))
	_, err := b.FindAttempt(t.Context(), "a1", noon)
	wantNotFound(t, err)
	_, err = b.FindSentCode(t.Context(), "a1")
	wantNotFound(t, err)
}

// ST-08: an attempt is finished once, with however many right answers.
func TestEndAttempt_OnceOnly(t *testing.T) {
	b := open(t)
	b.ann(t)
	b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
		id := auth.SessionID("r" + string(rune('A'+i)))
		return s.SpendPassword(ctx, "ann", "hash of ann", "", auth.Grant{At: noon, EndAttempt: "a1", Session: session("ann", id)})
	})
	if n := b.count(t, `SELECT count(*) FROM sessions`); n != 2 {
		t.Errorf("%d sessions, not ann's first and one more", n)
	}
}
