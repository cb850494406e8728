package db

import (
	"testing"
	"time"

	"twostep/auth"
)

func TestFindSession(t *testing.T) {
	b := open(t)
	b.ann(t)
	want := *session("ann", "s1")
	want.Email = "Aann@example.org"
	got, err := b.FindSession(t.Context(), want.Handle)
	must(t, err)
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = b.FindSession(t.Context(), "unknown")
	wantNotFound(t, err)
}

// SE-05: the last-seen time never goes back.
func TestReplaceSeen(t *testing.T) {
	b := open(t)
	b.ann(t)
	for _, minutes := range []time.Duration{2, 1} {
		must(t, b.ReplaceSeen(t.Context(), "s1", noon.Add(minutes*time.Minute)))
	}
	got, err := b.FindSession(t.Context(), "handle of s1")
	if err != nil || !got.SeenAt.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("seen at %v, %v", got.SeenAt, err)
	}
}

// SE-07: a session ends on the server, with all that was under way in it.
func TestRemoveSession(t *testing.T) {
	b := open(t)
	b.ann(t)
	must(t, b.AddTOTPEnrolment(t.Context(), enrolment("k1")))
	must(t, b.ReplacePhoneEnrolment(t.Context(), adding("e1"), auth.Grant{At: noon, Code: code("e1")}))
	must(t, b.RemoveSession(t.Context(), "handle of s1"))
	must(t, b.RemoveSession(t.Context(), "handle of s1"))
	_, err := b.FindSession(t.Context(), "handle of s1")
	wantNotFound(t, err)
	_, err = b.FindTOTPEnrolment(t.Context(), "s1", noon)
	wantNotFound(t, err)
	_, err = b.FindPhoneEnrolment(t.Context(), "s1", noon)
	wantNotFound(t, err)
	_, err = b.FindSentCode(t.Context(), "e1")
	wantNotFound(t, err)
	_, err = b.FindSentCode(t.Context(), "a1") // an attempt is no part of a session
	must(t, err)
}
