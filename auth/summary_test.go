package auth

import (
	"strings"
	"testing"
	"time"
)

// TestFactorEvent: a factor is removed by its exact name.
func TestFactorEvent(t *testing.T) {
	factors := Factors{
		TOTP:     &TOTP{},
		Phones:   []Phone{{ID: "used", Number: "+15005550006", ReservedAt: time.Unix(1, 0)}, {ID: "unused"}},
		Passkeys: []Passkey{{ID: "key"}},
	}
	names := strings.NewReplacer("app", string(TOTPCode), "phone", string(PhoneCode), "passkey", string(PasskeyPresent))
	for target, want := range map[string]EventType{
		"app": TOTPRemoved, "app:x": "", "phone:used": PhoneRemoved, "phone:unused": "", "phone:": "",
		"passkey:key": PasskeyRemoved, "passkey:": "", "backup_code": "", "": "",
	} {
		if got := factorEvent(factors, names.Replace(target)).Type; got != want {
			t.Errorf("%q: %q, want %q", target, got, want)
		}
	}
	for _, target := range []FactorKind{TOTPCode, PhoneCode} {
		if got := factorEvent(Factors{}, string(target)).Type; got != "" {
			t.Errorf("%q without a factor: %q", target, got)
		}
	}
}

// TestFirstPage: a full page without a row after it is the last one.
func TestFirstPage(t *testing.T) {
	for rows, want := range map[int]struct {
		length int
		more   bool
	}{0: {0, false}, 2: {2, false}, 3: {2, true}} {
		if page, more := firstPage(make([]int, rows), 2); len(page) != want.length || more != want.more {
			t.Errorf("%d rows: %d on the page, more: %v", rows, len(page), more)
		}
	}
}

// TestFilters: a long text of a query is cut off in the audit log, and an empty one left out.
func TestFilters(t *testing.T) {
	var all filters
	all.add("none", "")
	all.add("longest", strings.Repeat("x", 64))
	all.add("longer", strings.Repeat("y", 65))
	if want := "longest: " + strings.Repeat("x", 64) + ", longer: " + strings.Repeat("y", 64) + "…"; strings.Join(all, ", ") != want {
		t.Errorf("%q, want %q", all, want)
	}
	for want, q := range map[string]PeopleQuery{
		"people": {Text: " "}, "people, search: by text": {Text: "ann"}, "people, role: admin": {Role: RoleAdmin},
	} {
		if got := q.summary(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWithSettings: each stored value of each setting is in force.
func TestWithSettings(t *testing.T) {
	r := rulesOf(Policy{}, time.Time{})
	for _, row := range settings {
		for _, value := range row.values {
			p := r.withSettings([]StoredSetting{{Setting: row.Setting, Value: value}})
			if got := row.get(&p); got != value {
				t.Errorf("%s is %q, want %q", row.Setting, got, value)
			}
		}
	}
}

// TestNames: roles and policies have names.
func TestNames(t *testing.T) {
	for i, name := range roleNames {
		if role, ok := ParseRole(name); !ok || role != Role(i) || role.String() != name {
			t.Errorf("%q is role %d, %v", name, role, ok)
		}
	}
	if role, ok := ParseRole("king"); ok || role != NoRole {
		t.Errorf("an unknown role is %d, %v", role, ok)
	}
	for want, p := range map[string]MFAPolicy{"everyone": {}, "group staff": {Group: "staff"}} {
		if got := p.name(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestReadable: a phone number is searched in any notation, but a word is not read as one,
// although it can be dialled.
func TestReadable(t *testing.T) {
	r := rulesOf(Policy{Region: "US"}, time.Time{})
	for text, want := range map[string]string{
		" (415) 555-2671 ": "+14155552671", "getflowers": "getflowers", "Ann 1": "ann 1", "": "",
	} {
		if got := r.readable(PeopleQuery{Text: text}).Text; got != want {
			t.Errorf("%q is searched as %q, want %q", text, got, want)
		}
	}
}

// TestEachMessage changes the messages of one kind only.
func TestEachMessage(t *testing.T) {
	s := ChangeSet{Changes: []Change{EndSessions{}, QueueMessage{Message: Message{Kind: "one"}}, QueueMessage{Message: Message{Kind: "other"}}}}
	s.eachMessage("one", func(m *Message) { m.To = "ann" })
	if one, other := s.Changes[1].(QueueMessage).To, s.Changes[2].(QueueMessage).To; one != "ann" || other != "" {
		t.Errorf("changed %q and %q", one, other)
	}
}
