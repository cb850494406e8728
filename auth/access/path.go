package access

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// decodePath returns the percent-decoded path of a URI without query, or why servers
// disagree about it (FA-07). The caller need not know which server reads it how.
func decodePath(uri string) (path, odd string) {
	raw, _, _ := strings.Cut(uri, "?")
	if !strings.HasPrefix(raw, "/") {
		return "", "the path does not begin with a slash"
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return "", "the path has an invalid escape"
			}
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			if c == '/' || c == '%' {
				return "", "the path has an escaped slash or percent sign"
			}
			i += 2
		}
		if strings.IndexByte(`\;#?`, c) >= 0 {
			return "", `the path has one of \ ; # ?`
		}
		b.WriteByte(c)
	}
	path = b.String()
	if !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
		return "", "the path has a control character or is not UTF-8"
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		switch {
		case segment == "" && path != "/":
			return "", "the path has an empty segment"
		case strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " "): // Windows ignores them at the end of any name
			return "", "a segment of the path ends with a dot or space"
		}
	}
	return path, ""
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

var errHost = errors.New("is not a host name")

// canonicalHost returns the form in which hosts are compared (FA-09): lower case,
// punycode, without a final dot, and without the default port of the scheme.
func canonicalHost(host, scheme string) (string, error) {
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort && !isPort(port) {
		return "", errHost
	}
	name = strings.TrimSuffix(name, ".")
	name, err := idna.Lookup.ToASCII(name)
	if err != nil || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return "", errHost
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; isDigits(last) { // or empty
		if _, err := netip.ParseAddr(name); err != nil { // other numbers are addresses to some clients, too
			return "", errHost
		}
	}
	if !hasPort || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return name, nil
	}
	return name + ":" + port, nil
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil && s[0] != '0'
}
