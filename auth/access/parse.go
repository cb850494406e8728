package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twostep/auth"
)

const (
	everyone    = "*"
	groupPrefix = "group:"
)

// An Error is a fault in a rule file.
type Error struct {
	Line, Column int // from 1, in characters
	Reason       string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Parse parses a rule file. It returns an [*Error] for the first fault. A rule that no
// request reaches is a fault, too: its author believes that it protects something (FA-21).
func Parse(text string) (*Rules, error) {
	rules := &Rules{byHost: map[string][]Rule{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		l, err := splitLine(number, line)
		if err != nil {
			return nil, err
		}
		if len(l.fields) == 0 {
			continue
		}
		rule, err := l.rule()
		if err != nil {
			return nil, err
		}
		if earlier := hides(rules.byHost[rule.Host], rule); earlier != 0 {
			return nil, l.fault(0, "the rule is never reached: line %d decides before it", earlier)
		}
		rules.byHost[rule.Host] = append(rules.byHost[rule.Host], rule)
	}
	rules.counts = newCounts(rules.byHost)
	return rules, nil
}

// hides returns the line of a rule because of which another is never reached, or 0.
func hides(earlier []Rule, rule Rule) (line int) {
	methods := rule.Methods
	if methods == nil {
		methods = []string{""} // which only a rule for all methods has
	}
	for _, method := range methods {
		i := slices.IndexFunc(earlier, func(e Rule) bool { return e.hasMethod(method) && e.coversPath(rule.Path) })
		if i < 0 {
			return 0
		}
		line = max(line, earlier[i].Line)
	}
	return line
}

// A line is one line of a rule file, split at white space.
type line struct {
	number  int
	fields  []string
	columns []int // of the fields, and of the end
}

// splitLine splits a line. A comment begins with # at the start of a field.
func splitLine(number int, text string) (l line, err error) {
	l.number = number
	text = strings.TrimRight(text, "\r\n")
	for start := 0; ; {
		start += strings.IndexFunc(text[start:]+"x", func(c rune) bool { return c != ' ' && c != '\t' })
		l.columns = append(l.columns, 1+utf8.RuneCountInString(text[:start]))
		if start >= len(text) || text[start] == '#' {
			return l, nil
		}
		length := strings.IndexAny(text[start:]+" ", " \t")
		field := text[start : start+length]
		if i := strings.IndexFunc(field, func(c rune) bool { return !unicode.IsGraphic(c) || c == utf8.RuneError }); i >= 0 {
			l.columns[len(l.fields)] += utf8.RuneCountInString(field[:i])
			return l, l.fault(len(l.fields), "the character is invisible or not UTF-8")
		}
		l.fields = append(l.fields, field)
		start += length
	}
}

// fault returns an error at a field.
func (l line) fault(field int, format string, args ...any) *Error {
	return &Error{Line: l.number, Column: l.columns[min(field, len(l.columns)-1)], Reason: fmt.Sprintf(format, args...)}
}

// field returns a field, empty if the line has fewer.
func (l line) field(i int) string {
	if i < len(l.fields) {
		return l.fields[i]
	}
	return ""
}

func (l line) rule() (rule Rule, err error) {
	rule.Line = l.number
	if rule.Host, err = canonicalHost(l.field(0), ""); err != nil {
		return rule, l.fault(0, "%q %v: give one name, such as wiki.example.org, without scheme, wildcard or path", l.field(0), err)
	}
	if port := rule.Host[strings.IndexByte(rule.Host, ':')+1:]; port == "443" || port == "80" {
		return rule, l.fault(0, "leave out the default port %s", port)
	}
	if err = l.methods(&rule); err != nil {
		return rule, err
	}
	if err = l.path(&rule); err != nil {
		return rule, err
	}
	who, err := l.demand(&rule)
	if err != nil {
		return rule, err
	}
	return rule, l.who(&rule, who)
}

func (l line) methods(rule *Rule) error {
	const i = 1
	if l.field(i) == "*" {
		return nil
	}
	for method := range strings.SplitSeq(l.field(i), ",") {
		switch {
		case !isMethod(method):
			return l.fault(i, "%q is not a list of methods: give * or capitals, such as GET,POST", l.field(i))
		case rule.Methods != nil && rule.hasMethod(method):
			return l.fault(i, "%s is listed already (GET includes HEAD)", method)
		}
		rule.Methods = append(rule.Methods, method)
	}
	return nil
}

func (l line) path(rule *Rule) error {
	const i = 2
	path, odd := decodePath(l.field(i))
	switch {
	case l.field(i) == "":
		return l.fault(i, "the path is missing: give / for all paths")
	case strings.ContainsAny(l.field(i), "?"):
		return l.fault(i, "the path has a query, which no rule can match")
	case odd != "":
		return l.fault(i, "%q cannot be a rule's path: %s", l.field(i), odd)
	case path != "/" && strings.HasSuffix(path, "/"):
		return l.fault(i, "leave out the slash at the end: %s matches all paths below it, too", strings.TrimSuffix(l.field(i), "/"))
	}
	rule.Path = path
	return nil
}

// demand parses the demand, and returns the index of the field after it.
func (l line) demand(rule *Rule) (next int, err error) {
	const i = 3
	level := slices.Index(levelNames[:], l.field(i))
	if level < 0 {
		return 0, l.fault(i, "%q is not a demand: give public, one-factor, two-factor, two-factor within 10m, or deny", l.field(i))
	}
	rule.Demand.Level = Level(level)
	if l.field(i+1) != "within" {
		return i + 1, nil
	}
	if rule.Demand.Level != TwoFactor {
		return 0, l.fault(i+1, "only two-factor has within")
	}
	within, err := time.ParseDuration(l.field(i + 2))
	if err != nil || within < auth.AccessWithinMin || within > auth.SessionLifetimeMax {
		return 0, l.fault(i+2, "%q is not a duration from 1m to 24h", l.field(i+2))
	}
	rule.Demand.Within = within
	return i + 3, nil
}

func (l line) who(rule *Rule, i int) error {
	factors := rule.Demand.Level == OneFactor || rule.Demand.Level == TwoFactor
	switch {
	case !factors && i < len(l.fields):
		return l.fault(i, "%s is the same for everyone: nothing may follow it", rule.Demand.Level)
	case factors && i >= len(l.fields):
		return l.fault(i, "who is missing: give * for every account, group:NAME or email addresses")
	case factors && len(l.fields) > i+1 && slices.Contains(l.fields[i:], everyone):
		return l.fault(i, "* is every account: nothing else may be listed with it")
	}
	for ; i < len(l.fields); i++ {
		name, err := parseWho(l.fields[i])
		if err != nil {
			return l.fault(i, "%v", err)
		}
		if slices.Contains(rule.Who, name) {
			return l.fault(i, "%s is listed twice", l.fields[i])
		}
		rule.Who = append(rule.Who, name)
	}
	return nil
}

func parseWho(field string) (string, error) {
	if field == everyone {
		return field, nil
	}
	if group, isGroup := strings.CutPrefix(field, groupPrefix); isGroup {
		if !auth.ValidGroup(group) {
			return "", fmt.Errorf("%q is not a group: give group: and a name of a-z, 0-9 and -, at most %d", field, auth.GroupNameMax)
		}
		return field, nil
	}
	email, err := auth.ParseEmail(field)
	if err != nil {
		return "", fmt.Errorf("%s is neither *, group:NAME nor an email address", strconv.Quote(field))
	}
	return email.Key, nil
}
