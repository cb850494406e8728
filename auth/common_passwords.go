package auth

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// The embedded list is sorted by byte after its comment line, so it is searched
// without being parsed.
//
//go:embed common_passwords.txt
var commonPasswordsFile string

const (
	// Shorter words say too little about the rest of the password.
	commonWordMin = 4
	// Units up to this length add little, however often they are repeated.
	commonUnitMax = 6
	// A keyboard or alphabet walk is made of runs of at least this length;
	// ordinary words are full of shorter ones.
	commonRunMin = 3
	// What users put around a word to make a password longer.
	commonFiller = " 0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// commonPassword reports whether a password is among the first that attackers
// guess. NIST SP 800-63B-4 section 3.1.1.2 requires a blocklist of commonly used,
// expected and compromised passwords, and OWASP ASVS 6.2.4 at least the 3,000 most
// frequent ones that the password policy would accept. It protects against guesses
// at the sign-in page: attempts are limited there, so only the first few thousand
// guesses matter, and longer lists would only annoy. Attackers derive guesses too,
// so simple derivatives of a listed password are also common. The whole password is
// compared, never a part of it: a phrase may contain any common word.
func commonPassword(password string) bool {
	folded := strings.ToLower(password)
	if commonPattern(folded) || commonFilled(folded) {
		return true
	}
	core := strings.Trim(folded, commonFiller)
	return utf8.RuneCountInString(core) >= commonWordMin && commonPattern(core)
}

func commonPattern(text string) bool {
	return text != "" && (commonListed(text) || commonRepeated(text) || commonWalk(text))
}

// commonListed searches the list: a binary search over bytes that goes back from
// the middle to the beginning of the line.
func commonListed(text string) bool {
	_, list, _ := strings.Cut(commonPasswordsFile, "\n")
	for list != "" {
		start := strings.LastIndexByte(list[:len(list)/2], '\n') + 1
		line, after, _ := strings.Cut(list[start:], "\n")
		switch strings.Compare(text, line) {
		case 0:
			return true
		case -1:
			list = list[:start]
		default:
			list = after
		}
	}
	return false
}

// commonFilled reports whether a text is a listed word with digits, punctuation or
// spaces before or after it. The word may begin or end with such characters itself
// ("abc123", "p@ssw0rd"), so every cut is tried. But digits without a letter are no
// word, or every number that begins with a common one would be refused.
func commonFilled(text string) bool {
	right := strings.TrimLeft(text, commonFiller)
	if right == "" {
		return false
	}
	start := len(text) - len(right)
	end := len(strings.TrimRight(text, commonFiller))
	for cut := range start {
		if commonListed(text[cut:]) || commonListed(text[cut:end]) {
			return true
		}
	}
	for cut := end; cut <= len(text); cut++ {
		if commonListed(text[:cut]) || commonListed(text[start:cut]) {
			return true
		}
	}
	return false
}

// commonRepeated reports whether a text repeats a short unit or a common word; the
// last repetition may be cut off. The unit is the text without its longest border
// (a prefix that is also a suffix), which the border table of the Knuth-Morris-Pratt
// algorithm yields in linear time.
func commonRepeated(text string) bool {
	border := make([]int, len(text))
	for i, n := 1, 0; i < len(text); i++ {
		for n > 0 && text[i] != text[n] {
			n = border[n-1]
		}
		if text[i] == text[n] {
			n++
		}
		border[i] = n
	}
	unit := text[:len(text)-border[len(text)-1]]
	switch {
	case len(unit) == len(text):
		return false
	case len(text) >= 2*len(unit) && utf8.RuneCountInString(unit) <= commonUnitMax:
		return true
	}
	return commonListed(unit) || commonFilled(unit)
}

// commonWalk reports whether a text consists only of runs over the digits, the
// alphabet or the keyboard; the last run may be cut off.
func commonWalk(text string) bool {
	for text != "" {
		run := commonRun(text)
		if run < commonRunMin && run < len(text) {
			return false
		}
		text = text[run:]
	}
	return true
}

// commonRun returns the length of the longest run at the beginning of a text.
func commonRun(text string) int {
	longest := 1
	for _, follows := range []func(a, b byte) bool{
		commonNext,
		func(a, b byte) bool { return commonNext(b, a) },
		commonNeighbours,
	} {
		run := 1
		for run < len(text) && follows(text[run-1], text[run]) {
			run++
		}
		longest = max(longest, run)
	}
	return longest
}

// commonNext reports whether b follows a; 0 follows 9 and a follows z.
func commonNext(a, b byte) bool {
	switch {
	case '0' <= a && a <= '9':
		return b == '0'+(a-'0'+1)%10
	case 'a' <= a && a <= 'z':
		return b == 'a'+(a-'a'+1)%26
	}
	return false
}

// The rows of the US keyboard from top to bottom, each half a key further to the
// right.
var commonKeys = [...]string{"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"}

// commonNeighbours reports whether two characters are on the same key or on
// adjacent ones.
func commonNeighbours(a, b byte) bool {
	rowA, colA := commonKey(a)
	rowB, colB := commonKey(b)
	if rowA > rowB {
		rowA, colA, rowB, colB = rowB, colB, rowA, colA
	}
	switch {
	case rowA < 0:
		return false
	case rowA == rowB:
		return max(colA-colB, colB-colA) <= 1
	}
	return rowB == rowA+1 && (colB == colA || colB == colA-1)
}

func commonKey(c byte) (row, col int) {
	if col := strings.IndexByte("!@#$%^&*()_+", c); col >= 0 {
		return 0, col
	}
	for row, keys := range commonKeys {
		if col := strings.IndexByte(keys, c); col >= 0 {
			return row, col
		}
	}
	return -1, -1
}
