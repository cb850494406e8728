package views

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

var sampleRecovery = auth.Recovery{ID: "r", User: "ben", RequestedAt: now, DueAt: now.Add(72 * time.Hour)}

// recoverySamples are the pages of a user who has lost every second factor.
func recoverySamples() []sample {
	const recovery, stop = "/recovery", "/recovery/stop?token=stop-token"
	completed := sampleRecovery
	completed.Completed, completed.EndedAt, completed.RequestedAt = true, now, now.Add(-72*time.Hour)
	return []sample{
		{"verify_account_recovery", "Verify your account", VerifyAccount(VerifyAccountPage{
			Page: signedOut("/sign-in"), SecondFactor: SecondFactor{Email: "ann@example.com", Method: auth.Method{Factor: auth.TOTPCode}, BackupCodes: true}, Recovery: true,
		})},
		{"recover", "Recover your account", Recover(RecoverPage{signedOut(recovery), "ann@example.com", 72 * time.Hour})},
		{"recovery_code", "Check your email", RecoveryCode(RecoveryCodePage{signedOut(recovery), "ann@example.com", sentCode, false})},
		{"recovery_code_refused", "Check your email", RecoveryCode(RecoveryCodePage{refusedWith(signedOut(recovery), auth.Problem{Reason: auth.CodeWrong, Field: "code"}), "ann@example.com", sentCode, false})},
		{"recovered_code", "Check your email", RecoveryCode(RecoveryCodePage{signedOut("/sign-in"), "ann@example.com", nil, true})},
		{"recovery_requested", "Recovery requested", RecoveryRequested(RecoveryRequestedPage{signedOut(recovery), sampleRecovery})},
		{"recovery_requested_ended", "Recovery requested", RecoveryRequested(RecoveryRequestedPage{signedOut(recovery), auth.Recovery{}})},
		{"stop_recovery", "Stop the recovery", StopRecovery(StopRecoveryPage{signedOut(stop), sampleRecovery})},
		{"stop_recovery_completed", "Stop the recovery", StopRecovery(StopRecoveryPage{signedOut(stop), completed})},
		{"stop_recovery_ended", "Stop the recovery", StopRecovery(StopRecoveryPage{signedOut(stop), auth.Recovery{}})},
	}
}

// recoveryMailSamples are the mails about a recovery.
func recoveryMailSamples(r *Renderer) (all []mailSample) {
	kinds := append(slices.Sorted(maps.Keys(recoveryNotifications)), auth.MessageRecoveryCode)
	for _, kind := range kinds {
		m := message(kind, auth.ByEmail)
		if m.Code = ""; kind == auth.MessageRecoveryCode {
			m.Code = "012345"
		}
		all = append(all, mailSample{string(kind), r.Message(m)})
	}
	m := message(auth.MessageRecoveryRefused, auth.ByEmail)
	m.Due = time.Time{}
	return append(all, mailSample{"recovery_refused_role", r.Message(m)})
}

// TestRenderer_WarningSMS: each has the link that stops the recovery.
func TestRenderer_WarningSMS(t *testing.T) {
	for kind := range recoverySMS {
		_, body := renderMessage(message(kind, auth.BySMS), "Twostep")
		if !strings.HasSuffix(body, ": "+origin+"/recovery/stop?token=stop%2Btoken") || placeholder.MatchString(body) || strings.Contains(body, "LINK") || len(body) > 3*153 {
			t.Errorf("%s: %q", kind, body)
		}
	}
}

// TestRequestedBy names who requested a recovery, masked for those who may not read addresses.
func TestRequestedBy(t *testing.T) {
	for _, c := range []struct {
		actor, email, want string
		role               auth.Role
	}{
		{"", "", "By the user", auth.RoleAdmin},
		{auth.CommandActor, "", "By a command", auth.RoleAdmin},
		{"bob", "bob@example.com", "By bob@example.com", auth.RoleSupport},
		{"bob", "bob@example.com", "By b•••@example.com", auth.RoleViewer},
		{"bob", "", "By bob", auth.RoleAdmin},
	} {
		r := auth.PendingRecovery{Recovery: auth.Recovery{Actor: c.actor}, ActorEmail: c.email}
		if got := requestedBy(Page{Role: c.role}, r); got != c.want {
			t.Errorf("%q: %q, want %q", c.actor, got, c.want)
		}
	}
}

func TestPersonPage_Recovery(t *testing.T) {
	for want, person := range map[string]auth.Account{
		"": {},
		"Requested 2 May 2026, 14:04 UTC, due 5 May 2026, 14:04 UTC":              {Recovery: sampleRecovery, Factors: auth.Factors{Recovered: true}},
		"Completed: sign-in needs a code by email until there is a second factor": {Factors: auth.Factors{Recovered: true}},
	} {
		if got := (PersonPage{Person: person}).recovery(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
