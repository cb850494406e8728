package engine

import (
	"reflect"
	"strings"
)

// ValidArgs returns args with every string as [ValidText] returns it.
func ValidArgs(args []any) []any {
	valid := make([]any, len(args))
	for i, arg := range args {
		valid[i] = arg
		if text := reflect.ValueOf(arg); text.Kind() == reflect.String {
			valid[i] = ValidText(text.String())
		}
	}
	return valid
}

// ValidText replaces what PostgreSQL refuses in text, invalid UTF-8 and zero
// bytes, which a client can put into a URL or a form. The result matches no stored
// token, so the lookup returns auth.ErrNotFound instead of a database error.
func ValidText(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}
