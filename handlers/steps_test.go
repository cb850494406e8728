package handlers_test

import (
	"regexp"
	"strings"
	"time"
)

const (
	ann           = "ann@example.org"
	password      = "seven purple turtles"
	newPassword   = "eight yellow herons"
	wrongPassword = "wrong wrong wrong"
	number        = "+14155552671"
	otherNumber   = "+14155559876"
	codeLabel     = "Enter the code from your authentication app"
)

// The steps of the site's flows, for tests about something else.

func (b *browser) enterCredentials(email, password string) *browser {
	b.t.Helper()
	return b.fill("Email address", email).fill("Password", password).press("Continue")
}

// signIn enters the correct password at "/sign-in".
func (b *browser) signIn(email string) *browser {
	b.t.Helper()
	return b.signInWith(email, password)
}

func (b *browser) signInWith(email, password string) *browser {
	b.t.Helper()
	return b.open("/sign-in").wantHeading("Sign in").enterCredentials(email, password)
}

func (b *browser) startSignUp(email, password string) *browser {
	b.t.Helper()
	return b.open("/sign-up").enterCredentials(email, password)
}

// signUp creates an account and leaves the browser signed in.
func (b *browser) signUp(email string) *browser {
	b.t.Helper()
	b.open("/sign-up").wantHeading("Sign up").enterCredentials(email, password).wantHeading("Verify your email")
	return b.enterCode(b.site.lastCode(email)).wantHeading("Account")
}

func (b *browser) startReset(email string) *browser {
	b.t.Helper()
	return b.open("/forgot-password").fill("Email address", email).press("Continue")
}

// start starts a sign-up or a password reset, at that path.
func (b *browser) start(path, email string) *browser {
	b.t.Helper()
	if path == "/sign-up" {
		return b.startSignUp(email, "another fine sentence")
	}
	return b.startReset(email)
}

func (b *browser) setPassword(password string) *browser {
	b.t.Helper()
	return b.fill("New password", password).press("Set password")
}

func (b *browser) enterCode(code string) *browser {
	b.t.Helper()
	return b.fill("Code", code).press("Verify")
}

// reauthenticate completes a re-authentication by TOTP or, if key is empty, by password.
func (b *browser) reauthenticate(key string) *browser {
	b.t.Helper()
	b.wantHeading("Verification required")
	if key == "" {
		return b.fill("Password", password).press("Continue")
	}
	b.site.wait(30 * time.Second) // to an unused step
	return b.enterCode(b.site.totpCode(key))
}

func (b *browser) submitPasswords(current, fresh string) *browser {
	b.t.Helper()
	return b.fill("Current password", current).fill("New password", fresh).press("Change password")
}

func (b *browser) changePassword(current, fresh string) *browser {
	b.t.Helper()
	return b.open("/account/password").submitPasswords(current, fresh)
}

func (b *browser) changeEmail(email string) *browser {
	b.t.Helper()
	return b.open("/account/email").fill("New email address", email).press("Change email address")
}

var totpKeyPattern = regexp.MustCompile(`\b[A-Z2-7]{4}( [A-Z2-7]{4}){7}\b`)

// totpKey returns the TOTP key on the page, or an empty string.
func (b *browser) totpKey() string { return totpKeyPattern.FindString(b.text()) }

func (b *browser) enterTOTP(code string) *browser {
	b.t.Helper()
	return b.fill(codeLabel, code).press("Verify code")
}

// addTOTP sets up TOTP as the first factor and returns its key and the backup codes.
func (b *browser) addTOTP() (key string, codes []string) {
	b.t.Helper()
	b.open("/account/manage-mfa/add").wantHeading("Add TOTP MFA")
	key = b.totpKey()
	b.press("Verify").wantHeading("Verify TOTP").enterTOTP(b.site.totpCode(key)).wantHeading("Backup codes")
	codes = b.backupCodes()
	b.press("Finish").wantHeading("Success!")
	b.site.wait(30 * time.Second) // the setup has consumed this step
	return key, codes
}

var backupCodePattern = regexp.MustCompile(`\b[2-9a-z]{4}(-[2-9a-z]{4}){3}\b`)

// backupCodes returns the backup codes on the page.
func (b *browser) backupCodes() []string {
	b.t.Helper()
	codes := backupCodePattern.FindAllString(b.text(), -1)
	if len(codes) != 10 {
		b.t.Fatalf("%d backup codes, want 10:\n%s", len(codes), b.text())
	}
	return codes
}

// requestSMS requests a code for a phone number to be added.
func (b *browser) requestSMS(number string) *browser {
	b.t.Helper()
	b.open("/account/add-phone")
	if b.page.Heading() == "Verification required" {
		b.reauthenticate("")
	}
	if b.has("Use another number") {
		b.press("Use another number")
	}
	return b.wantHeading("Add phone").fill("Enter phone number", number).press("Continue")
}

func (b *browser) enterPhoneCode(code string) *browser {
	b.t.Helper()
	return b.fill("Enter code", code).press("Verify")
}

// addPhone verifies a number and leaves the browser on "Phone added".
func (b *browser) addPhone(number string) *browser {
	b.t.Helper()
	b.open("/account/add-phone").wantHeading("Add phone")
	b.fill("Enter phone number", number).press("Continue").wantHeading("Verify phone")
	b.site.wait(time.Second) // the oldest phone is the default: no two have the same age
	return b.enterPhoneCode(b.site.lastCode(number)).wantHeading("Phone added")
}

var stopLink = regexp.MustCompile(`https://id\.example\.org/account/email/stop\?token=[\w-]+`)

// stopPath returns the path of the last link to cancel an email change that was
// sent to an email address.
func (site *testSite) stopPath(email string) string {
	site.t.Helper()
	link := stopLink.FindString(lastBody(site.messages(email)))
	if link == "" {
		site.t.Fatalf("no link to cancel the change in the last message to %s", email)
	}
	return strings.TrimPrefix(link, site.origin)
}
