package auth_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// TestRemember_OnlyIfAsked: a device is remembered if the user asks for it after a second
// factor while the operator allows it.
func TestRemember_OnlyIfAsked(t *testing.T) {
	const ann = "ann@example.com"
	for name, row := range map[string]struct {
		allowed   time.Duration // at the first sign-in
		ask, want bool
	}{
		"asked":                 {auth.RememberDeviceMax, true, true},
		"not asked":             {auth.RememberDeviceMax, false, false},
		"asked but not allowed": {0, true, false},
	} {
		f := newFlow(t)
		session, client := f.signUp(ann)
		f.key = f.addTOTP(client, session)
		policy := func(allowed time.Duration) {
			f.policy.RememberDevice = allowed
			f.use(f.db)
		}
		policy(row.allowed)
		f.now = f.now.Add(time.Minute)
		client.Remember = row.ask
		result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
		f.must(err)
		client.DeviceToken = f.respond(client, result.Attempt, auth.TOTPCode).Device
		policy(auth.RememberDeviceMax)
		result, err = f.SignIn(f.ctx, client, ann, flowPassword, "")
		f.must(err)
		if got := result.Session != ""; got != row.want {
			t.Errorf("%s: signed in without a second factor: %v", name, got)
		}
	}

	f := newFlow(t)
	f.policy.RememberDevice = auth.RememberDeviceMax
	f.use(f.db)
	session, client := f.signUp(ann)
	client.Remember = true
	result, err := f.SignIn(f.ctx, client, ann, flowPassword, "")
	f.must(err)
	client.DeviceToken = result.Device
	f.addTOTP(client, session)
	if result, err = f.SignIn(f.ctx, client, ann, flowPassword, ""); err != nil || result.Session != "" {
		t.Errorf("remembered before there was a second factor: %v", err)
	}
}
