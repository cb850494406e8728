package auth

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// reloadable returns a keyring, and the keyring and the error that its source returns
// next.
func reloadable(t *testing.T) (keys Keyring, next *Keyring, fail *error) {
	t.Helper()
	next, fail = new(Keyring), new(error)
	*next = NewKeyring()
	keys, err := LoadKeyring(func() (Keyring, error) { return *next, *fail })
	if err != nil {
		t.Fatal(err)
	}
	return keys, next, fail
}

func TestKeyring_Reload(t *testing.T) {
	keys, next, fail := reloadable(t)
	copied, calls := keys, 0
	derived := CachePerKeyring(copied, func(k Keyring) []byte { calls++; return k.IDs() })
	if got := derived(); !bytes.Equal(got, []byte{1}) {
		t.Errorf("derived %v", got)
	}
	if changed, err := keys.Reload(); changed || err != nil || calls != 1 {
		t.Errorf("the same keyring: %v, %v", changed, err)
	}

	added, id, err := keys.Add()
	if err != nil || id != 2 {
		t.Fatalf("added %d, %v", id, err)
	}
	*next = added
	if _, found := copied.ByID(2, KeySeal); !found {
		t.Error("a key that was just added is not found")
	}
	if id, _ := keys.Newest(KeySeal); id != 1 {
		t.Errorf("key %d is in use before every server has it", id)
	}
	if got := derived(); !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("derived %v", got)
	}
	*next = added.Promote(2)
	if changed, err := keys.Reload(); !changed || err != nil {
		t.Errorf("a new order: %v, %v", changed, err)
	}
	if got := derived(); !bytes.Equal(got, []byte{2, 1}) || !bytes.Equal(derived(), got) || calls != 3 {
		t.Errorf("derived %v in %d calls", got, calls)
	}

	*fail = errors.New("no source")
	if changed, err := keys.Reload(); changed || err == nil || !slices.Equal(keys.IDs(), []byte{2, 1}) {
		t.Errorf("without its source: %v, %v", changed, err)
	}
}

// Keys that do not continue the current ones are refused, and those stay in use.
func TestKeyring_ReloadRefuses(t *testing.T) {
	for name, other := range map[string]func(Keyring) Keyring{
		"another key with the same id": func(Keyring) Keyring { return NewKeyring() },
		"a second key with the same id": func(k Keyring) Keyring {
			return Keyring{list: append(slices.Clone(k.keys()), NewKeyring().keys()...)}
		},
		"without the key in use": func(k Keyring) Keyring {
			added, _, _ := k.Add()
			return Keyring{list: added.keys()[1:]}
		},
	} {
		keys, next, _ := reloadable(t)
		before := keys.String()
		*next = other(keys)
		if changed, err := keys.Reload(); changed || err == nil || keys.String() != before {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
	}
}

func TestKeyring_AddFreeID(t *testing.T) {
	keys := NewKeyring()
	for want := 2; want <= 255; want++ {
		added, id, err := keys.Add()
		if err != nil || int(id) != want {
			t.Fatalf("added %d, %v, want %d", id, err, want)
		}
		keys = added.Promote(id)
	}
	if _, _, err := keys.Add(); err == nil {
		t.Error("a full keyring accepted another key")
	}
	freed := Keyring{list: slices.DeleteFunc(keys.keys(), func(r serverKey) bool { return r.id == 7 })}
	if _, id, err := freed.Add(); err != nil || id != 7 {
		t.Errorf("added %d, %v", id, err)
	}
}
