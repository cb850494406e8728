package auth_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// newPasskeyFlow returns a flow with passkeys and the account ann, signed in.
func newPasskeyFlow(t *testing.T) (*flow, auth.Session, auth.Client) {
	f := newFlow(t)
	f.policy.Factors = append(f.policy.Factors, auth.PasskeyPresent)
	f.policy.Origin, f.policy.PasskeyDomain = "https://id.example.org", "id.example.org"
	f.use(f.db)
	session, client := f.signUp(passkeyUser)
	client.FormToken = auth.NewToken()
	return f, session, client
}

const passkeyUser = "ann@example.com"

func (f *flow) mustOperate(action auth.OperatorAction) {
	f.t.Helper()
	_, err := f.operate(action, passkeyUser)
	f.must(err)
}

func (f *flow) create(d *passkeytest.Device, options string) string {
	f.t.Helper()
	posted, err := d.Create(options, "https://id.example.org")
	f.must(err)
	return posted
}

func (f *flow) get(d *passkeytest.Device, options string) string {
	f.t.Helper()
	posted, err := d.Get(options, "https://id.example.org")
	f.must(err)
	return posted
}

// addPasskey adds a passkey, by the form for security keys if it does not verify.
func (f *flow) addPasskey(d *passkeytest.Device, client auth.Client, session auth.Session) {
	f.t.Helper()
	passkey, key, err := f.PasskeyEnrolment(f.ctx, session)
	f.must(err)
	if d.Verifies {
		f.must(f.AddPasskey(f.ctx, client, session, "", f.create(d, passkey), false))
	} else {
		f.must(f.AddPasskey(f.ctx, client, session, "", f.create(d, key), true))
	}
	if codes, err := f.UnseenBackupCodes(f.ctx, session.User); err == nil && len(codes) > 0 {
		f.backupCode = codes[0]
		f.must(f.ConfirmBackupCodes(f.ctx, session.User))
	}
}

func (f *flow) secondStep(client auth.Client) auth.Attempt {
	f.t.Helper()
	result, err := f.SignIn(f.ctx, client, passkeyUser, flowPassword, "")
	f.must(err)
	a, err := f.Attempt(f.ctx, result.Attempt)
	f.must(err)
	f.token = result.Attempt
	return a
}

// TestPasskey_SignIn: a passkey with user verification is both factors, with each
// algorithm (PK-07, PK-11).
func TestPasskey_SignIn(t *testing.T) {
	for _, algorithm := range []int{passkeytest.ES256, passkeytest.EdDSA, passkeytest.RS256} {
		f, session, client := newPasskeyFlow(t)
		d := &passkeytest.Device{Algorithm: algorithm, Verifies: true, Synced: true}
		f.addPasskey(d, client, session)
		browser := f.client()
		browser.FormToken = auth.NewToken()
		result, err := f.SignInWithPasskey(f.ctx, browser, f.get(d, f.PasskeySignIn(browser)), "/account")
		f.must(err)
		s := f.session(result)
		if s.User != session.User || s.FirstKind != auth.PasskeyVerified || s.SecondKind != auth.PasskeyVerified || !s.PasswordAt.Equal(f.now) || !s.MFAAt.Equal(f.now) || result.Next != "/account" {
			t.Errorf("algorithm %d: the session is %+v", algorithm, s)
		}
		if n := f.count(passkeyUser, auth.MessageKind(auth.SignedInNewDevice)); n != 1 {
			t.Errorf("%d notices of a new device", n)
		}
	}
}

// TestPasskey_OtherMethodsOnAccount: nothing more is owed if the account has an app too.
func TestPasskey_OtherMethodsOnAccount(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	f.addTOTP(client, session)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	result, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.must(err)
	f.session(result)
}

// TestPasskey_NoCode: an account with nothing but passkeys has no code to enter, and one
// whose factors the operator has disabled nothing at all.
func TestPasskey_NoCode(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
	for kind, want := range map[auth.FactorKind]auth.Reason{auth.PasskeyPresent: auth.PasskeyMissing, auth.PhoneCode: auth.FactorsDisabled} {
		f.policy.Factors = []auth.FactorKind{kind}
		f.use(f.db)
		f.secondStep(client)
		_, err := f.Verify(f.ctx, client, f.token, "123456", false)
		f.problem(err, want)
		if got := f.PasskeySignIn(client) != ""; got != (kind == auth.PasskeyPresent) {
			t.Errorf("the sign-in page asks for a passkey: %v", got)
		}
	}
}

// TestPasskey_SecondStep: with or without user verification, a passkey completes a
// sign-in with a password (PK-08, PK-22).
func TestPasskey_SecondStep(t *testing.T) {
	for _, d := range []*passkeytest.Device{{}, {Verifies: true}} {
		f, session, client := newPasskeyFlow(t)
		f.addPasskey(d, client, session)
		a := f.secondStep(client)
		if a.Method().Factor != auth.PasskeyPresent || !a.AcceptsPasskey() || !a.AcceptsBackupCode() {
			t.Fatalf("the attempt is %+v", a)
		}
		_, err := f.Verify(f.ctx, client, f.token, "123456", false)
		f.problem(err, auth.BackupCodeWrong) // no other code is asked for
		posted := f.get(d, f.PasskeyOptions(a))
		result, err := f.VerifyPasskey(f.ctx, client, f.token, posted)
		f.must(err)
		if again, err := f.VerifyPasskey(f.ctx, client, f.token, posted); err != nil || again.Session != result.Session {
			t.Errorf("posted twice: %+v, %v", again, err)
		}
		s := f.session(result)
		if want := map[bool]auth.FactorKind{false: auth.PasskeyPresent, true: auth.PasskeyVerified}[d.Verifies]; s.SecondKind != want {
			t.Errorf("the second factor is %s, want %s", s.SecondKind, want)
		}
		if want := map[bool]auth.FactorKind{false: auth.Password, true: auth.PasskeyVerified}[d.Verifies]; s.FirstKind != want {
			t.Errorf("the first factor is %s, want %s", s.FirstKind, want)
		}
	}
}

// TestPasskey_NotFirstFactor: without user verification, now or when it was added, a
// passkey is never the first factor (PK-07, PK-08).
func TestPasskey_NotFirstFactor(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	passkey, key, err := f.PasskeyEnrolment(f.ctx, session)
	f.must(err)
	d := &passkeytest.Device{Verifies: true}
	clear := func(r *passkeytest.Response) { r.Flags &^= passkeytest.UserVerified }
	d.Tamper = clear
	f.problem(f.AddPasskey(f.ctx, client, session, "", f.create(d, passkey), false), auth.PasskeyUnverified)
	f.problem(f.AddPasskey(f.ctx, client, session, "", f.create(d, passkey), true), auth.PasskeyWrong) // by the form for security keys
	d = &passkeytest.Device{Verifies: true, Tamper: clear}
	f.must(f.AddPasskey(f.ctx, client, session, "", f.create(d, key), true))
	d.Tamper = nil // from now on it verifies, but it did not when it was added
	_, err = f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.problem(err, auth.PasskeyUnverified)

	d = &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	d.Tamper = clear
	_, err = f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.problem(err, auth.PasskeyUnverified)
}

// TestPasskey_Challenge: a challenge works once, until it expires, for the page, browser,
// attempt and session that it was made for (PK-01, PK-02, PK-03).
func TestPasskey_Challenge(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true, Synced: true}
	f.addPasskey(d, client, session)
	signIn := func(c auth.Client, posted string) error {
		_, err := f.SignInWithPasskey(f.ctx, c, posted, "")
		return err
	}
	other := client
	other.FormToken = auth.NewToken()
	posted := f.get(d, f.PasskeySignIn(client))
	random := func(options string) string {
		var o struct{ Challenge string }
		f.must(json.Unmarshal([]byte(options), &o))
		challenge, err := base64.RawURLEncoding.DecodeString(o.Challenge)
		f.must(err)
		return string(challenge[:16])
	}
	if one, another := random(f.PasskeySignIn(client)), random(f.PasskeySignIn(client)); one == another {
		t.Error("two challenges have the same random bytes")
	}
	f.problem(signIn(other, posted), auth.PasskeyWrong)
	d.Tamper = func(r *passkeytest.Response) { r.ClientData["challenge"] = "AAAA" }
	f.problem(signIn(client, f.get(d, f.PasskeySignIn(client))), auth.PasskeyWrong)
	d.Tamper = nil
	f.must(signIn(client, posted)) // the wrong responses consumed nothing
	f.now = f.now.Add(2 * auth.RepeatWindow)
	f.problem(signIn(client, posted), auth.PasskeyUsed)

	old := f.get(d, f.PasskeySignIn(client))
	f.now = f.now.Add(auth.ChallengeSignIn)
	f.problem(signIn(client, old), auth.PasskeyExpired)

	a := f.secondStep(client)
	token := f.token
	of := f.get(d, f.PasskeyOptions(a))
	f.now = f.now.Add(2 * auth.RepeatWindow)
	f.secondStep(client)
	_, err := f.VerifyPasskey(f.ctx, client, f.token, of)
	f.problem(err, auth.PasskeyWrong)
	f.problem(signIn(client, of), auth.PasskeyWrong)
	f.now = f.now.Add(auth.ChallengeLifetime)
	_, err = f.VerifyPasskey(f.ctx, client, token, of)
	f.problem(err, auth.PasskeyExpired)
}

// TestPasskey_Race: of 32 posts of one response, all end in the same session (PK-02).
func TestPasskey_Race(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true, Counts: true}
	f.addPasskey(d, client, session)
	posted := f.get(d, f.PasskeySignIn(client))
	var mu sync.Mutex
	sessions := map[auth.Token]bool{}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			result, err := f.SignInWithPasskey(context.WithoutCancel(f.ctx), client, posted, "")
			if p := (*auth.Problem)(nil); err != nil && !errors.As(err, &p) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if result.Session != "" {
				sessions[result.Session] = true
			}
		})
	}
	wg.Wait()
	if len(sessions) != 1 {
		t.Errorf("%d sessions, want 1", len(sessions))
	}
}

// TestPasskey_Unknown: unknown, removed and disabled look the same, and only an unknown
// one is named as such to the browser (PK-18, PK-19).
func TestPasskey_Unknown(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	signIn := func() error {
		_, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
		return err
	}
	f.mustOperate(auth.Disable)
	f.problem(signIn(), auth.PasskeyRefused)
	f.mustOperate(auth.Enable)
	f.must(signIn())
	d.Tamper = func(r *passkeytest.Response) { r.UserHandle = []byte("of somebody else") }
	f.problem(signIn(), auth.PasskeyRefused)
	d.Tamper = func(r *passkeytest.Response) { r.UserHandle = nil }
	f.problem(signIn(), auth.PasskeyRefused)
	d.Tamper = nil
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	session = f.signInWithPasskey(d, client)
	f.must(f.RemovePasskey(f.ctx, client, session, factors.Passkeys[0].ID))
	f.problem(signIn(), auth.PasskeyUnknown)
}

func (f *flow) signInWithPasskey(d *passkeytest.Device, client auth.Client) auth.Session {
	f.t.Helper()
	result, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.must(err)
	return f.session(result)
}

// TestPasskey_Counter: a device-bound key whose counter does not increase is refused and
// the owner is notified; a synced one may count as it likes (PK-13).
func TestPasskey_Counter(t *testing.T) {
	for _, synced := range []bool{false, true} {
		f, session, client := newPasskeyFlow(t)
		d := &passkeytest.Device{Verifies: true, Synced: synced, Counts: true}
		f.addPasskey(d, client, session)
		f.signInWithPasskey(d, client)
		d.Passkeys()[0].Count = 0
		_, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
		if synced {
			f.must(err)
			continue
		}
		f.problem(err, auth.PasskeyCopied)
		d.Counts = false // a copy that does not count at all
		_, err = f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
		f.problem(err, auth.PasskeyCopied)
		if n := f.count(passkeyUser, auth.MessageKind(auth.PasskeyCloned)); n != 1 {
			t.Errorf("%d notices, want 1", n)
		}
	}
}

// TestPasskey_BackupFlags: a changed backup eligibility is refused with its own problem,
// and a changed backup state is recorded (PK-12).
func TestPasskey_BackupFlags(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true, Synced: true}
	f.addPasskey(d, client, session)
	d.Tamper = func(r *passkeytest.Response) { r.Flags &^= passkeytest.Eligible | passkeytest.BackedUp }
	_, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.problem(err, auth.PasskeyChanged)
	d.Tamper = func(r *passkeytest.Response) { r.Flags &^= passkeytest.BackedUp }
	f.signInWithPasskey(d, client)
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	if p := factors.Passkeys[0]; p.BackedUp || !p.BackupEligible || !p.LastUsedAt.Equal(f.now) {
		t.Errorf("the passkey is %+v", p)
	}
}

// TestPasskey_Domain: after a move to another domain, passkeys are not asked for and
// still count (PK-05, PK-28).
func TestPasskey_Domain(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	f.policy.PasskeyDomain = "new.example.org"
	f.policy.Origin = "https://new.example.org"
	f.use(f.db)
	if a := f.secondStep(client); !a.Factors.HasMFA() || a.AcceptsPasskey() || !a.AcceptsBackupCode() || f.PasskeyOptions(a) != "" {
		t.Errorf("the attempt is %+v", a)
	}
	_, err := f.VerifyPasskey(f.ctx, client, f.token, "{}")
	f.problem(err, auth.FormExpired) // it asks for no passkey, so this is no wrong one
}

// TestPasskey_WrongResponses count as wrong codes do, and the owner is notified (PK-22).
func TestPasskey_WrongResponses(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	f.secondStep(client)
	for range 5 {
		_, err := f.VerifyPasskey(f.ctx, client, f.token, "{}")
		f.problem(err, auth.PasskeyWrong)
	}
	_, err := f.VerifyPasskey(f.ctx, client, f.token, "{}")
	f.problem(err, auth.TooManyAttempts)
	if n := f.count(passkeyUser, auth.MessageKind(auth.SecondFactorFailed)); n != 1 {
		t.Errorf("%d notices, want 1", n)
	}
}

// TestPasskey_NetworkLimit: a passkey that is correct does not count towards the limit of its
// network. The user is known only after it was counted.
func TestPasskey_NetworkLimit(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true, Synced: true}
	f.addPasskey(d, client, session)
	for range 11 { // one more than the network may have wrong
		result, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
		f.must(err)
		client.DeviceToken = cmp.Or(result.Device, client.DeviceToken) // it stays known
	}
}

// TestPasskey_ReauthLimit: re-authentication counts as an act of its session.
func TestPasskey_ReauthLimit(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
	session = f.reload(session)
	token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "")
	f.must(err)
	_, err = f.VerifyPasskey(f.ctx, client, token, "{}")
	f.problem(err, auth.PasskeyWrong)
	for range 60 {
		_ = f.EndSession(f.ctx, client, session, "")
	}
	_, err = f.VerifyPasskey(f.ctx, client, token, "{}")
	f.problem(err, auth.TooManyAttempts)
	_, err = f.Verify(f.ctx, client, token, "123456", false)
	f.problem(err, auth.TooManyAttempts)
}

// TestPasskey_WrongSignature: what a passkey has not signed is refused at both steps, and so
// is the user handle of another account.
func TestPasskey_WrongSignature(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	unsigned := func(options string) string {
		t.Helper()
		posted, another := map[string]any{}, map[string]any{}
		f.must(json.Unmarshal([]byte(f.get(d, options)), &posted))
		f.must(json.Unmarshal([]byte(f.get(d, f.PasskeySignIn(client))), &another))
		posted["response"].(map[string]any)["signature"] = another["response"].(map[string]any)["signature"]
		text, err := json.Marshal(posted)
		f.must(err)
		return string(text)
	}
	_, err := f.SignInWithPasskey(f.ctx, client, unsigned(f.PasskeySignIn(client)), "")
	f.problem(err, auth.PasskeyWrong)
	a := f.secondStep(client)
	_, err = f.VerifyPasskey(f.ctx, client, f.token, unsigned(f.PasskeyOptions(a)))
	f.problem(err, auth.PasskeyWrong)
	d.Tamper = func(r *passkeytest.Response) { r.UserHandle = []byte("of somebody else") }
	_, err = f.VerifyPasskey(f.ctx, client, f.token, f.get(d, f.PasskeyOptions(a)))
	f.problem(err, auth.PasskeyWrong)
	d.Tamper = nil
	result, err := f.VerifyPasskey(f.ctx, client, f.token, f.get(d, f.PasskeyOptions(a)))
	f.must(err)
	f.session(result)
}

// TestAddPasskey covers additions that are refused, and one that is posted twice (PK-10,
// PK-17, PK-19, PK-23).
func TestAddPasskey(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	other := f.signIn(client, passkeyUser)
	d := &passkeytest.Device{Verifies: true}
	options, _, err := f.PasskeyEnrolment(f.ctx, session)
	f.must(err)
	f.problem(f.AddPasskey(f.ctx, client, session, "", "", false), auth.PasskeyMissing)
	f.problem(f.AddPasskey(f.ctx, client, session, "", "{}", false), auth.PasskeyWrong)
	f.problem(f.AddPasskey(f.ctx, client, session, strings.Repeat("x", auth.PasskeyNameMax+1), "{}", false), auth.NameLong)
	posted := f.create(d, options)
	f.problem(f.AddPasskey(f.ctx, client, other, "", posted, false), auth.PasskeyWrong) // of another session
	f.must(f.AddPasskey(f.ctx, client, session, " My \u202e phone ", posted, false))
	f.must(f.AddPasskey(f.ctx, client, session, "", posted, false)) // the form was posted twice
	if all, err := f.Sessions(f.ctx, session); err != nil || len(all) != 1 || all[0].ID == other.ID {
		t.Errorf("the sessions are %+v, %v", all, err)
	}
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	if len(factors.Passkeys) != 1 || factors.Passkeys[0].Name != "My phone" || factors.BackupCodes != auth.BackupCodeCount || !factors.CodesUnseen {
		t.Errorf("the factors are %+v", factors)
	}
	if n := f.count(passkeyUser, auth.MessageKind(auth.PasskeyAdded)); n != 1 {
		t.Errorf("%d notices, want 1", n)
	}
	if _, err := d.Create(f.options(session), "https://id.example.org"); !errors.Is(err, passkeytest.ErrInvalidState) {
		t.Errorf("the device may register again: %v", err)
	}
	f.now = f.now.Add(2 * auth.RepeatWindow)
	d.Tamper = func(r *passkeytest.Response) {
		r.ID = d.Passkeys()[0].ID
		copy(r.Attested[18:], r.ID)
	}
	options = strings.Replace(f.options(session), `"excludeCredentials":[{`, `"other":[{`, 1)
	f.problem(f.AddPasskey(f.ctx, client, session, "", f.create(d, options), false), auth.PasskeyExists)
	d.Tamper = nil
	for range auth.PasskeysMax - 2 {
		f.addPasskey(&passkeytest.Device{Verifies: true}, client, session)
	}
	posted = f.create(&passkeytest.Device{Verifies: true}, f.options(session))
	f.must(f.AddPasskey(f.ctx, client, session, "", posted, false))
	f.must(f.AddPasskey(f.ctx, client, session, "", posted, false)) // the form was posted twice
	f.now = f.now.Add(time.Hour)
	f.problem(f.AddPasskey(f.ctx, client, session, "", f.create(&passkeytest.Device{Verifies: true}, f.options(session)), false), auth.PasskeyTooMany)
}

func (f *flow) options(session auth.Session) string {
	f.t.Helper()
	options, _, err := f.PasskeyEnrolment(f.ctx, session)
	f.must(err)
	return options
}

// TestPasskey_Attestation: none is asked for, and one that is sent changes nothing; nor
// does the make that the authenticator claims (PK-14).
func TestPasskey_Attestation(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	if options := f.options(session); !strings.Contains(options, `"attestation":"none"`) {
		t.Errorf("the options are %s", options)
	}
	for _, d := range []*passkeytest.Device{
		{Verifies: true, Attests: true},
		{Verifies: true, AAGUID: [16]byte{0xff, 1, 2}},
		{Verifies: true, Attests: true, AAGUID: [16]byte{0xee, 0x88, 0x28, 0x79}},
	} {
		f.addPasskey(d, client, session)
		f.signInWithPasskey(d, client)
	}
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	for _, p := range factors.Passkeys {
		p.ID, p.CredentialID, p.AAGUID, p.LastUsedAt, p.AddedAt = "", nil, "", time.Time{}, time.Time{}
		if want := (auth.Passkey{RPID: "id.example.org", Transports: p.Transports, UserVerified: true}); !reflect.DeepEqual(p, want) {
			t.Errorf("the passkey is %+v", p)
		}
	}
}

// TestPasskey_RenameAndRemove: only the account's own; removal ends other sessions and
// the backup codes go with the last factor (PK-19).
func TestPasskey_RenameAndRemove(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	posted := f.create(&passkeytest.Device{Verifies: true}, f.options(session))
	f.must(f.AddPasskey(f.ctx, client, session, "", posted, false))
	eve, evesClient := f.signUp("eve@example.com")
	factors, err := f.Factors(f.ctx, session.User)
	f.must(err)
	id := factors.Passkeys[0].ID
	f.problem(f.RenamePasskey(f.ctx, evesClient, eve, id, "Mine"), auth.FormExpired)
	f.problem(f.RemovePasskey(f.ctx, evesClient, eve, id), auth.FormExpired)
	f.must(f.RenamePasskey(f.ctx, client, session, id, strings.Repeat("ä", auth.PasskeyNameMax)))
	f.policy.RequireMFA = true
	f.use(f.db)
	f.problem(f.RemovePasskey(f.ctx, client, session, id), auth.LastFactor)
	f.policy.RequireMFA = false
	f.use(f.db)
	f.must(f.RemovePasskey(f.ctx, client, session, id))
	if factors, err = f.Factors(f.ctx, session.User); err != nil || factors.HasMFA() || factors.BackupCodes != 0 {
		t.Errorf("the factors are %+v, %v", factors, err)
	}
	if n := f.count(passkeyUser, auth.MessageKind(auth.PasskeyRemoved)); n != 1 {
		t.Errorf("%d notices, want 1", n)
	}
	f.problem(f.AddPasskey(f.ctx, client, session, "", posted, false), auth.PasskeyUsed) // its challenge is spent
}

// TestPasskey_ResetMFA: the operator's command removes passkeys too (PK-24).
func TestPasskey_ResetMFA(t *testing.T) {
	f, session, client := newPasskeyFlow(t)
	d := &passkeytest.Device{Verifies: true}
	f.addPasskey(d, client, session)
	f.mustOperate(auth.ResetMFA)
	_, err := f.SignInWithPasskey(f.ctx, client, f.get(d, f.PasskeySignIn(client)), "")
	f.problem(err, auth.PasskeyUnknown)
}

// TestPasskey_Reauthentication: with strict_mfa, a passkey that verifies its user renews
// both factors; a security key still needs the password (PK-22).
func TestPasskey_Reauthentication(t *testing.T) {
	for _, d := range []*passkeytest.Device{{}, {Verifies: true}} {
		f, session, client := newPasskeyFlow(t)
		f.policy.Reauth = auth.ReauthPresets["strict_mfa"]
		f.use(f.db)
		f.addPasskey(d, client, session)
		f.now = f.now.Add(30 * time.Minute)
		token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "")
		f.must(err)
		a, err := f.Attempt(f.ctx, token)
		f.must(err)
		if a.Step() != auth.StepPassword || !a.AcceptsPasskey() {
			t.Fatalf("the attempt is %+v", a)
		}
		if !d.Verifies {
			if _, err := d.Get(f.PasskeyOptions(a), "https://id.example.org"); !errors.Is(err, passkeytest.ErrNotAllowed) {
				t.Errorf("a security key is asked for instead of the password: %v", err)
			}
			forced := strings.Replace(f.PasskeyOptions(a), "required", "preferred", 1)
			_, err = f.VerifyPasskey(f.ctx, client, token, f.get(d, forced))
			f.problem(err, auth.PasskeyUnverified)
			_, err = f.Verify(f.ctx, client, token, flowPassword, false)
			f.must(err)
			a, err = f.Attempt(f.ctx, token)
			f.must(err)
		}
		result, err := f.VerifyPasskey(f.ctx, client, token, f.get(d, f.PasskeyOptions(a)))
		f.must(err)
		s := f.session(result)
		factors, err := f.Factors(f.ctx, s.User)
		f.must(err)
		if s.ID != session.ID || !f.FreshlyVerified(s, factors) {
			t.Errorf("the session is %+v", s)
		}
	}
}
