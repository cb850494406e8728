package views

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// TestSentence_ForEveryReason: nobody is left with a code word or half a sentence.
func TestSentence_ForEveryReason(t *testing.T) {
	said := map[string]auth.Reason{}
	for _, reason := range auth.Reasons {
		text := Sentence(&auth.Problem{Reason: reason, Limit: 15})
		if _, known := sentences[reason]; !known {
			t.Errorf("%s has no sentence", reason)
		}
		if strings.Contains(text, "LIMIT") || strings.Contains(text, string(reason)) || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q", reason, text)
		}
		if other, taken := said[text]; taken {
			t.Errorf("%s and %s say the same", reason, other)
		}
		said[text] = reason
	}
	if len(sentences) != len(auth.Reasons) {
		t.Errorf("%d sentences for %d reasons", len(sentences), len(auth.Reasons))
	}
}

func TestSentence_SaysTheWaitAndTheLimit(t *testing.T) {
	tests := []struct {
		problem *auth.Problem
		want    string
	}{
		{nil, ""},
		{&auth.Problem{Reason: auth.TooManyAttempts, Wait: 4 * time.Minute}, "There were too many tries. Try again in 4 minutes."},
		{&auth.Problem{Reason: auth.PasswordShort, Limit: 15}, "The password is too short: use at least 15 characters."},
		{&auth.Problem{Reason: "unheard_of"}, "That did not work. Try again."},
	}
	for _, test := range tests {
		if got := Sentence(test.problem); got != test.want {
			t.Errorf("%v: %q, want %q", test.problem, got, test.want)
		}
	}
}

// TestSentence_SignInWrong never says which of the two it was (FF-03).
func TestSentence_SignInWrong(t *testing.T) {
	text := Sentence(&auth.Problem{Reason: auth.InvalidCredentials})
	if !strings.Contains(text, "email address or the password") {
		t.Errorf("%q", text)
	}
}
