package views

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"
)

// backupCodesHelp is printed below the codes and written to the file.
const backupCodesHelp = "Each code works once. To use one, sign in with your password, enter it when you are asked for a code, and tick “This code is a backup code”. Keep these codes private. If you generate new ones, these stop working."

// backupCodesHeading says which account and site the codes are for.
func backupCodesHeading(page Page) string {
	return "Backup codes for " + page.Account + " at " + page.Product + " (" + page.Host + "), " + date(page.Now)
}

// backupCodesFile is the text file as a data URL. The file has no URL of its
// own from which the codes could be fetched a second time.
func backupCodesFile(p BackupCodesPage) templ.SafeURL {
	text := backupCodesHeading(p.Page) + "\r\n\r\n" + strings.Join(p.Codes, "\r\n") + "\r\n\r\n" + backupCodesHelp + "\r\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// backupCodesFilename keeps only ASCII letters and digits of the site's name,
// which every file system accepts.
func backupCodesFilename(page Page) string {
	const kept = "abcdefghijklmnopqrstuvwxyz0123456789"
	words := strings.FieldsFunc(strings.ToLower(page.Product), func(r rune) bool { return !strings.ContainsRune(kept, r) })
	return strings.Join(append(words, "backup-codes.txt"), "-")
}
