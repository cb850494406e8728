package views

import (
	"testing"
	"time"
)

func TestDuration_RoundsUpInTheLargestUnit(t *testing.T) {
	tests := map[time.Duration]string{
		0:                             "1 second",
		time.Second:                   "1 second",
		29500 * time.Millisecond:      "30 seconds",
		59 * time.Second:              "59 seconds",
		59*time.Second + 1:            "1 minute",
		time.Minute:                   "1 minute",
		3*time.Minute + time.Second:   "4 minutes",
		59 * time.Minute:              "59 minutes",
		time.Hour:                     "1 hour",
		23*time.Hour + 30*time.Minute: "24 hours",
		48 * time.Hour:                "48 hours",
		72 * time.Hour:                "3 days",
		365 * 24 * time.Hour:          "1 year",
		366 * 24 * time.Hour:          "366 days",
	}
	for d, want := range tests {
		if got := duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for past, want := range map[time.Duration]string{
		-time.Minute: "just now", -time.Second: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 59*time.Minute + 59*time.Second: "59 minutes ago",
		-time.Hour: "2 May 2026", time.Hour: "1 hour ago", 23*time.Hour + 59*time.Minute: "23 hours ago", 24 * time.Hour: "1 May 2026",
	} {
		if got := ago(now, now.Add(-past)); got != want {
			t.Errorf("%v is %q, want %q", past, got, want)
		}
	}
}

func TestCountry(t *testing.T) {
	for code, want := range map[string]string{"GB": "United Kingdom", "US": "United States", "CH": "Switzerland", "001": "", "": "", "x": ""} {
		if got := country(code); got != want {
			t.Errorf("%q is %q, want %q", code, got, want)
		}
	}
}

func TestMaskPhone_ShowsFourDigits(t *testing.T) {
	for number, want := range map[string]string{"+14155554242": "•••• 4242", "12": "•••• 12", "": "•••• "} {
		if got := maskPhone(number); got != want {
			t.Errorf("%q is masked as %q", number, got)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	for address, want := range map[string]string{
		"ann@example.org": "a•••@example.org", "a@example.org": "a•••@example.org", "é@example.org": "é•••@example.org", "@example.org": "", "ann": "", "": "",
	} {
		if got := maskEmail(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}

func TestBackupCodesFilename(t *testing.T) {
	for product, want := range map[string]string{"Acme 2": "acme-2-backup-codes.txt", "Über/Zoo": "ber-zoo-backup-codes.txt", "日本": "backup-codes.txt"} {
		if got := backupCodesFilename(Page{Product: product}); got != want {
			t.Errorf("%s: %s, want %s", product, got, want)
		}
	}
}

func TestGroupsOfFour(t *testing.T) {
	if got := groupsOfFour("JBSWY3DPEHPK3PXP"); got != "JBSW Y3DP EHPK 3PXP" {
		t.Errorf("%q", got)
	}
}

func TestFormatPhone(t *testing.T) {
	for number, want := range map[string]string{
		"+14155554242": "+1 415 555 4242", "+442079460958": "+44 20 7946 0958", "+4915112345678": "+49 1511 2345678",
		"<b>": "<b>", "": "",
	} {
		if got := formatPhone(number); got != noBreak(want) {
			t.Errorf("%s is %q, want %q", number, got, want)
		}
	}
}
