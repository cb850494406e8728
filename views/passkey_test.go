package views

import (
	"time"

	"twostep/auth"
)

// Options as the pages have them.
const (
	sampleRequest  = `{"rpId":"id.example.org","challenge":"Y2hhbGxlbmdlIG9mIGEgcGFnZQ","timeout":300000,"userVerification":"required"}`
	sampleCreation = `{"rp":{"id":"id.example.org","name":"Twostep"},"user":{"id":"YW5u","name":"ann@example.com","displayName":"ann@example.com"},` +
		`"challenge":"Y2hhbGxlbmdlIG9mIGEgcGFnZQ","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":300000,"excludeCredentials":[],` +
		`"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"required"},"attestation":"none"}`
	sampleSignal = `{"rpId":"id.example.org","userId":"YW5u","allAcceptedCredentialIds":["a2V5"]}`
)

// The account's passkeys in every state.
var (
	synced      = auth.Passkey{ID: "synced", AAGUID: "fbfc3007154e4ecc8c0b6e020557d7bd", RPID: "id.example.org", UserVerified: true, BackupEligible: true, BackedUp: true, AddedAt: now.AddDate(0, -4, 0), LastUsedAt: now.Add(-50 * time.Minute)}
	deviceBound = auth.Passkey{ID: "bound", Name: "Work laptop", RPID: "id.example.org", UserVerified: true, AddedAt: now.AddDate(0, 0, -9), LastUsedAt: now.AddDate(0, 0, -2)}
	securityKey = auth.Passkey{ID: "key", RPID: "id.example.org", AddedAt: now.AddDate(0, 0, -1)}
	moved       = auth.Passkey{ID: "moved", Name: "Old phone", RPID: "old.example.org", UserVerified: true, BackupEligible: true, AddedAt: now.AddDate(-1, 0, 0), LastUsedAt: now.AddDate(0, -7, 0)}
)

// asking is a page that asks for a passkey.
func asking(p Page) Page {
	p.Passkeys, p.PasskeyOptions = true, sampleRequest
	return p
}

// passkeySamples are the pages with passkeys in every state.
func passkeySamples(app, sms auth.Method) []sample {
	const (
		signIn = "/sign-in?next=%2Faccount"
		verify = "/account/verify?next=%2Faccount%2Fpassword"
		list   = "/account/passkeys"
	)
	passkey := auth.Method{Factor: auth.PasskeyPresent}
	second := func(p Page, method auth.Method, others ...auth.Method) VerifyAccountPage {
		return VerifyAccountPage{Page: asking(p), SecondFactor: SecondFactor{Email: "ann@example.com", Method: method, Others: others, BackupCodes: true}}
	}
	onlySMS := second(signedOut(signIn), sms)
	onlySMS.BackupCodes, onlySMS.Code = false, sentCode
	onlyKey := second(signedOut(signIn), passkey)
	onlyKey.BackupCodes = false
	unknown := signInWith(refusedWith(signedOut(signIn), auth.Problem{Reason: auth.PasskeyUnknown}), "")
	unknown.UnknownPasskey = `{"rpId":"id.example.org","credentialId":"a2V5"}`
	again := func(p Page, step auth.Step, method auth.Method) ReauthPage {
		return ReauthPage{Page: asking(p), Cancel: "/account", Step: step, SecondFactor: SecondFactor{Email: "ann@example.com", Method: method, BackupCodes: step == auth.StepMFA}}
	}
	listed := func(p Page, passkeys ...auth.Passkey) PasskeysPage {
		return PasskeysPage{Page: asking(p), Passkeys: passkeys, Domain: "id.example.org", Accepted: sampleSignal}
	}
	renaming := listed(refusedWith(signedIn(list), auth.Problem{Reason: auth.NameLong, Field: "name", Limit: auth.PasskeyNameMax}), synced, deviceBound)
	renaming.Renaming, renaming.Name = deviceBound.ID, "Work laptop"
	adding := func(p Page, name string) AddPasskeyPage {
		return AddPasskeyPage{asking(p), name, sampleCreation, sampleCreation}
	}
	remove := func(last, keep bool) RemovePasskeyPage {
		return NewRemovePasskeyPage(signedIn(list+"/bound/remove"), []auth.Passkey{deviceBound}, deviceBound.ID, last, keep)
	}
	return []sample{
		{"sign_in_passkey_unknown", "Sign in", SignIn(unknown)},
		{"sign_in_passkey_expired", "Sign in", SignIn(signInWith(refusedWith(signedOut(signIn), auth.Problem{Reason: auth.PasskeyExpired}), ""))},
		{"verify_account_passkey", "Verify your account", VerifyAccount(second(signedOut(signIn), passkey))},
		{"verify_account_passkey_only", "Verify your account", VerifyAccount(onlyKey)},
		{"verify_account_passkey_refused", "Verify your account", VerifyAccount(second(refusedWith(signedOut(signIn), auth.Problem{Reason: auth.PasskeyWrong}), passkey))},
		{"verify_account_app_or_passkey", "Verify your account", VerifyAccount(second(signedOut(signIn), app, sms))},
		{"verify_account_sms_or_passkey", "Verify your account", VerifyAccount(onlySMS)},
		{"reauth_password_or_passkey", "Verification required", Reauth(again(signedIn(verify), auth.StepPassword, auth.Method{}))},
		{"reauth_passkey", "Verification required", Reauth(again(signedIn(verify), auth.StepMFA, passkey))},
		{"reauth_app_or_passkey", "Verification required", Reauth(again(signedIn(verify), auth.StepMFA, app))},
		{"passkeys", "Passkeys", Passkeys(listed(withNotice(signedIn(list), NoticePasskeyAdded), synced, deviceBound, securityKey, moved))},
		{"passkeys_none", "Passkeys", Passkeys(listed(signedIn(list)))},
		{"passkeys_single", "Passkeys", Passkeys(listed(signedIn(list), deviceBound))},
		{"passkeys_rename_refused", "Passkeys", Passkeys(renaming)},
		{"add_passkey", "Add a passkey", AddPasskey(adding(signedIn(list+"/add"), ""))},
		{"add_passkey_refused", "Add a passkey", AddPasskey(adding(refusedWith(signedIn(list+"/add"), auth.Problem{Reason: auth.PasskeyExists}), "Work laptop"))},
		{"add_passkey_name_refused", "Add a passkey", AddPasskey(adding(refusedWith(signedIn(list+"/add"), auth.Problem{Reason: auth.NameLong, Field: "name", Limit: auth.PasskeyNameMax}), "Work laptop"))},
		{"remove_passkey", "Remove passkey", RemovePasskey(remove(false, false))},
		{"remove_passkey_last", "Remove passkey", RemovePasskey(remove(true, false))},
		{"remove_passkey_keep", "Remove passkey", RemovePasskey(remove(true, true))},
		{"account_passkey", "Account", Account(AccountPage{signedIn("/account"), "", having(auth.Factors{Passkeys: []auth.Passkey{synced}, BackupCodes: 10}, allKinds...)})},
		{"manage_mfa_passkey", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn("/account/manage-mfa"), having(auth.Factors{Passkeys: []auth.Passkey{synced}, BackupCodes: 10}, allKinds...)})},
		{"manage_mfa_passkeys_turned_off", "User MFA Settings", ManageMFA(ManageMFAPage{signedIn("/account/manage-mfa"), having(auth.Factors{Passkeys: []auth.Passkey{synced, deviceBound}}, auth.TOTPCode)})},
		{"setup_mfa_passkey", "Set up two-step verification", SetupMFA(SetupMFAPage{Page: signedIn("/account/setup-mfa"), Passkey: true, TOTP: true, SMS: true})},
	}
}

// signInWith is the sign-in page of a site that accepts passkeys.
func signInWith(p Page, email string) SignInPage {
	return SignInPage{Page: asking(p), Email: email, SignUpOpen: true}
}
