package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp/totp"

	"twostep/auth"
)

// addApp enrols an authenticator app, step by step.
func (g *guest) addApp() {
	g.comeIn()
	if g.c.open("/account/manage-mfa").reads("TOTP via authentication app enabled") {
		if g.key == "" {
			g.key = g.newKey
		}
		g.saveCodes()
		return
	}
	if g.key != "" {
		g.wrong("the app is gone")
	}
	if g.c.open("/account/manage-mfa/add").heading() == "Add TOTP MFA" {
		g.newKey = strings.ReplaceAll(g.c.page.Find(".key code").Text(), " ", "")
		g.c.presses("Verify")
	}
	g.c.sees("Verify TOTP")
	g.lastStep = max(g.lastStep, step(time.Now())) // one that was sent may be taken
	g.c.fill("Enter the code from your authentication app", appCode(g.newKey, g.lastStep)).presses("Verify code")
	g.key = g.newKey
	g.hashed(auth.TOTPAdded)
	if g.c.heading() == "Backup codes" {
		g.codes = g.c.backupCodes()
		g.c.presses("Finish")
	}
	g.c.sees("Success!")
}

// hashed notes what was done that may take a set of backup codes.
func (g *guest) hashed(what auth.EventType) {
	g.hears(what)
	g.s.sets.Add(1)
}

func step(at time.Time) int64 { return at.Unix() / int64(auth.TOTPPeriod/time.Second) }

func appCode(key string, step int64) string {
	code, err := totp.GenerateCode(key, time.Unix(step*int64(auth.TOTPPeriod/time.Second), 0))
	if err != nil {
		panic(err)
	}
	return code
}

// addPhone adds a number and reserves it.
func (g *guest) addPhone() {
	g.addNumber()
	if g.c.heading() == "User MFA Settings" {
		if g.reserved = !g.c.reads("There are currently no phone numbers reserved for MFA."); g.reserved {
			g.saveCodes()
			return
		}
		g.c.follow("Use for MFA")
	}
	g.c.presses("Use for MFA")
	g.reserved = true
	g.hashed(auth.PhoneReserved)
	g.saveCodes()
}

// addNumber adds a number, unless it is there.
func (g *guest) addNumber() {
	g.comeIn()
	listed := g.c.open("/account/manage-mfa").reads(g.phone) && g.phone != ""
	switch {
	case listed:
		g.added = true
	case g.added:
		g.wrong("the phone is gone")
	default:
		g.provePhone()
		g.c.sees("Phone added")
	}
}

func (g *guest) provePhone() {
	if g.c.open("/account/add-phone").heading() == "Add phone" {
		g.phones++
		g.phone = fmt.Sprintf("+1415%07d", 2000000+10*g.number+g.phones) // none that has got a code just now
		g.smsAsked = time.Now()
		g.c.fill("Enter phone number", g.phone).presses("Continue")
		g.hears("phone_code")
	}
	g.c.sees("Verify phone")
	code := g.code(&g.s.sms, g.phone)
	g.c.fill("Enter code", code)
	before := g.c.clone()
	g.c.presses("Verify")
	g.added = true
	g.hears(auth.PhoneAdded)
	g.spent(before, "Verify", code)
}

// saveCodes reads backup codes that wait to be seen.
func (g *guest) saveCodes() {
	if g.c.open(backupCodesPage).heading() == "Backup codes" {
		g.codes = g.c.backupCodes()
		g.c.presses("Done")
	}
	if g.codes == nil {
		g.wrong("the backup codes are gone before they were seen")
	}
}

// newCodes replaces the backup codes.
func (g *guest) newCodes() {
	if g.key == "" && !g.reserved {
		return
	}
	g.comeIn()
	if g.c.open(backupCodesPage).heading() == "Generate new backup codes" {
		if g.replaced {
			g.wrong("the new backup codes are gone before they were seen")
		}
		g.replacing = true
		g.c.presses("Generate")
		g.replaced = true
		g.hashed(auth.BackupCodesReplaced)
	}
	codes := g.c.sees("Backup codes").backupCodes()
	if g.replacing {
		g.dead = append(g.dead, g.codes...)
	}
	g.codes, g.replacing, g.replaced = codes, false, false
	g.c.presses("Done")
}

const backupCodesPage = "/account/manage-mfa/backup-codes"

func (c *client) backupCodes() []string {
	return c.page.Find(".codes code").Map(func(_ int, code *goquery.Selection) string { return code.Text() })
}
