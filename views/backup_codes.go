package views

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

// backupCodesHow stands below the codes on paper and in the file.
const backupCodesHow = "Each code works once. To use one, sign in with your password, type it where a code is asked for, and tick “This code is a backup code”. Keep this private: it opens your account together with your password. New codes make these worthless."

// backupCodesFor stands above them: whose they are, and since when.
func backupCodesFor(f Page) string {
	return "Backup codes of " + f.Account + " for " + f.Product + ", shown on " + day(f.Now) + "."
}

// backupCodesText is the text file with the codes. The link carries it whole,
// so no address exists from which the codes could be fetched a second time.
func backupCodesText(p BackupCodesPage) templ.SafeURL {
	text := backupCodesFor(p.Page) + "\r\n\r\n" + strings.Join(p.Codes, "\r\n") + "\r\n\r\n" + backupCodesHow + "\r\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// backupCodesFile is the file's name, of letters and digits that every system takes.
func backupCodesFile(f Page) string {
	words := strings.FieldsFunc(strings.ToLower(f.Product), func(sign rune) bool {
		return sign > unicode.MaxASCII || !unicode.IsLetter(sign) && !unicode.IsDigit(sign)
	})
	return strings.Join(append(words, "backup-codes.txt"), "-")
}
