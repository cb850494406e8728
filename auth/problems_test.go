package auth

import "testing"

func TestProblem_Error(t *testing.T) {
	for want, p := range map[string]*Problem{"problem: code_wrong": {Reason: CodeWrong}, "no such group": {Reason: GroupInvalid, Detail: "no such group"}} {
		if got := p.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
