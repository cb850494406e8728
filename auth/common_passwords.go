package auth

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// The embedded list is sorted by byte below its one comment line, so it is
// searched where it lies and costs nothing at start-up.
//
//go:embed common_passwords.txt
var commonPasswordsFile string

const (
	// A word shorter than this says too little about the password around it.
	commonWordLeast = 4
	// A unit this short adds next to nothing, however often it is repeated.
	commonUnitMost = 6
	// A walk over the keyboard or the alphabet is made of runs of at least
	// this many signs; ordinary words are full of shorter ones.
	commonRunLeast = 3
	// What people put around a word when they are asked for a longer password.
	commonFiller = " 0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// commonPassword reports whether a password is one of those that are tried
// first. NIST SP 800-63B-4 section 3.1.1.2 asks for a blocklist of commonly
// used, expected and compromised passwords, and OWASP ASVS 6.2.4 for at least
// the 3,000 most frequent ones that the password policy would let through.
// It is meant against somebody who guesses at the sign-in page: the number of
// tries is limited there, so it is the first few thousand guesses that count,
// and longer lists would only annoy. Guessers also derive guesses, and so the
// plain derivatives of a listed password are common too. The comparison is of
// the whole password, never of a part: a phrase may hold any common word.
func commonPassword(password string) bool {
	folded := strings.ToLower(password)
	if commonPattern(folded) || commonFilled(folded) {
		return true
	}
	core := strings.Trim(folded, commonFiller)
	return utf8.RuneCountInString(core) >= commonWordLeast && commonPattern(core)
}

func commonPattern(text string) bool {
	return text != "" && (commonListed(text) || commonRepeated(text) || commonWalk(text))
}

// commonListed looks a text up in the list: a binary search over bytes, which
// steps back from the middle to the beginning of the line it has hit.
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

// commonFilled reports whether a text is a listed word with only digits,
// punctuation and spaces before or after it. The word may begin or end with
// such signs itself ("abc123", "p@ssw0rd"), so every place to cut is tried; but
// a row of digits is no word, or every number that begins with a common one
// would be refused.
func commonFilled(text string) bool {
	right := strings.TrimLeft(text, commonFiller)
	if right == "" {
		return false
	}
	start := len(text) - len(right)
	end := len(strings.TrimRight(text, commonFiller))
	for cut := 0; cut <= start; cut++ {
		if commonWord(text[cut:]) || commonWord(text[cut:end]) {
			return true
		}
	}
	for cut := end; cut <= len(text); cut++ {
		if commonWord(text[:cut]) || commonWord(text[start:cut]) {
			return true
		}
	}
	return false
}

func commonWord(text string) bool {
	return utf8.RuneCountInString(text) >= commonWordLeast && commonListed(text)
}

// commonRepeated reports whether a text is a short unit or a common word over
// and over, the last time perhaps cut off. The unit is what precedes the
// longest beginning of the text that is also its end; the table of those for
// every beginning of the text takes linear time.
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
	case len(text) >= 2*len(unit) && utf8.RuneCountInString(unit) <= commonUnitMost:
		return true
	}
	return commonWord(unit) || commonFilled(unit)
}

// commonWalk reports whether a text consists of runs over the digits, the
// alphabet or the keyboard alone; only the last run may be cut short.
func commonWalk(text string) bool {
	for text != "" {
		run := commonRun(text)
		if run < commonRunLeast && run < len(text) {
			return false
		}
		text = text[run:]
	}
	return true
}

// commonRun gives the length of the longest run that a text begins with.
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

// commonNext reports whether b comes after a, with 0 after 9 and a after z.
func commonNext(a, b byte) bool {
	switch {
	case '0' <= a && a <= '9':
		return b == '0'+(a-'0'+1)%10
	case 'a' <= a && a <= 'z':
		return b == 'a'+(a-'a'+1)%26
	}
	return false
}

// The rows of the US keyboard, from top to bottom, each half a key further to
// the right than the one above it.
var commonKeys = [...]string{"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"}

// commonNeighbours reports whether two signs are on one key or on two that
// touch.
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

func commonKey(sign byte) (row, col int) {
	if col := strings.IndexByte("!@#$%^&*()_+", sign); col >= 0 {
		return 0, col
	}
	for row, keys := range commonKeys {
		if col := strings.IndexByte(keys, sign); col >= 0 {
			return row, col
		}
	}
	return -1, -1
}
