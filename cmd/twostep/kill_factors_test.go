package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp/totp"

	"twostep/auth"
)

// addTOTP adds an authenticator app.
func (u *user) addTOTP() {
	u.ensureSignedIn()
	if u.c.open("/account/manage-mfa").reads("TOTP via authentication app enabled") {
		if u.key == "" {
			u.key = u.newKey
		}
		u.saveCodes()
		return
	}
	if u.key != "" {
		u.fatalf("the TOTP app is missing")
	}
	if u.c.open("/account/manage-mfa/add").heading() == "Add TOTP MFA" {
		u.newKey = strings.ReplaceAll(u.c.page.Find(".key code").Text(), " ", "")
		u.c.mustPress("Verify")
	}
	u.c.sees("Verify TOTP")
	u.lastStep = max(u.lastStep, step(time.Now())) // of a code that may have been accepted
	u.c.fill("Enter the code from your authentication app", appCode(u.newKey, u.lastStep)).mustPress("Verify code")
	u.key = u.newKey
	u.hashed(auth.TOTPAdded)
	if u.c.heading() == "Backup codes" {
		u.codes = u.c.backupCodes()
		u.c.mustPress("Finish")
	}
	u.c.sees("Success!")
}

// hashed confirms an event that may have created backup codes.
func (u *user) hashed(event auth.EventType) {
	u.confirm(event)
	u.k.codeSets.Add(1)
}

func step(at time.Time) int64 { return at.Unix() / int64(auth.TOTPPeriod/time.Second) }

func appCode(key string, step int64) string {
	code, err := totp.GenerateCode(key, time.Unix(step*int64(auth.TOTPPeriod/time.Second), 0))
	if err != nil {
		panic(err)
	}
	return code
}

// addPhone adds a phone number as a second factor.
func (u *user) addPhone() {
	u.addNumber()
	if u.c.heading() == "User MFA Settings" {
		if u.reserved = !u.c.reads("There are currently no phone numbers reserved for MFA."); u.reserved {
			u.saveCodes()
			return
		}
		u.c.follow("Use for MFA")
	}
	u.c.mustPress("Use for MFA")
	u.reserved = true
	u.hashed(auth.PhoneReserved)
	u.saveCodes()
}

// addNumber adds a phone number, unless there is one.
func (u *user) addNumber() {
	u.ensureSignedIn()
	u.c.open("/account/manage-mfa")
	listed := u.phone != "" && u.c.reads(u.phone[len(u.phone)-4:]) // the page groups the digits
	switch {
	case listed:
		u.phoneAdded = true
	case u.phoneAdded:
		u.fatalf("the phone is missing")
	default:
		u.verifyPhone()
		u.c.sees("Phone added")
	}
}

func (u *user) verifyPhone() {
	if u.c.open("/account/add-phone").heading() == "Add phone" {
		u.phones++
		u.phone = fmt.Sprintf("+1415%07d", 2000000+10*u.number+u.phones) // a new one, because SMS to one number are rate limited
		u.smsRequestedAt = time.Now()
		u.c.fill("Enter phone number", u.phone).mustPress("Continue")
		u.confirm("phone_code")
	}
	u.c.sees("Verify phone")
	code := u.code(&u.k.sms, u.phone)
	u.c.fill("Enter code", code)
	before := u.c.clone()
	u.c.mustPress("Verify")
	u.phoneAdded = true
	u.confirm(auth.PhoneAdded)
	u.spent(before, "Verify", code)
}

// saveCodes reads the backup codes that were not shown yet.
func (u *user) saveCodes() {
	if u.c.open(backupCodesPage).heading() == "Backup codes" {
		u.codes = u.c.backupCodes()
		u.c.mustPress("Done")
	}
	if u.codes == nil {
		u.fatalf("the backup codes are missing before they were shown")
	}
}

// replaceCodes replaces the backup codes.
func (u *user) replaceCodes() {
	if u.key == "" && !u.reserved {
		return
	}
	u.ensureSignedIn()
	if u.c.open(backupCodesPage).heading() == "Generate new backup codes" {
		if u.replaced {
			u.fatalf("the new backup codes are missing before they were shown")
		}
		u.replacing = true
		u.c.mustPress("Generate")
		u.replaced = true
		u.hashed(auth.BackupCodesReplaced)
	}
	codes := u.c.sees("Backup codes").backupCodes()
	if u.replacing {
		u.usedCodes = append(u.usedCodes, u.codes...)
	}
	u.codes, u.replacing, u.replaced = codes, false, false
	u.c.mustPress("Done")
}

const backupCodesPage = "/account/manage-mfa/backup-codes"

func (c *client) backupCodes() []string {
	return c.page.Find(".codes code").Map(func(_ int, code *goquery.Selection) string { return code.Text() })
}
