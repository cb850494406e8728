package auth

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A keySource is where a keyring is reloaded from while the server is running. All
// copies of the [Keyring] share it.
type keySource struct {
	list atomic.Pointer[[]serverKey]
	read func() (Keyring, error)
	mu   sync.Mutex // held while reloading
}

// LoadKeyring returns the keyring that read returns. [Keyring.Reload] calls read
// again, so that running servers use a new key, and keep the old ones for what they
// have encrypted and signed.
func LoadKeyring(read func() (Keyring, error)) (Keyring, error) {
	first, err := read()
	if err != nil {
		return Keyring{}, err
	}
	source := &keySource{read: read}
	source.list.Store(&first.list)
	return Keyring{source: source}, nil
}

// keys returns the current keys. A caller that needs them twice calls it once.
func (k Keyring) keys() []serverKey {
	if k.source == nil {
		return k.list
	}
	return *k.source.list.Load()
}

// Reload reads the keyring from its source. It refuses one without the key in use,
// or with another key of the same id, and keeps the current keys: the server needs
// the keys that it has used.
func (k Keyring) Reload() (changed bool, err error) {
	if k.source == nil {
		return false, nil
	}
	k.source.mu.Lock()
	defer k.source.mu.Unlock()
	next, err := k.source.read()
	if err != nil {
		return false, err
	}
	now := k.keys()
	if slices.EqualFunc(now, next.list, serverKey.equal) {
		return false, nil
	}
	if !slices.ContainsFunc(next.list, now[0].equal) {
		return false, fmt.Errorf("key %d is in use but not in the new keyring: restart the server to remove it", now[0].id)
	}
	for _, key := range next.list {
		if slices.ContainsFunc(now, func(old serverKey) bool { return old.id == key.id && !old.equal(key) }) {
			return false, fmt.Errorf("key %d differs in the new keyring: a new key needs a new id", key.id)
		}
	}
	k.source.list.Store(&next.list)
	return true, nil
}

func (k serverKey) equal(other serverKey) bool {
	return k.id == other.id && string(k.secret) == string(other.secret)
}

// CachePerKeyring returns a function that returns what derive makes of the current
// keys, and calls derive again only after they have changed.
func CachePerKeyring[T any](k Keyring, derive func(Keyring) T) func() T {
	type entry struct {
		list  []serverKey
		value T
	}
	var cached atomic.Pointer[entry]
	return func() T {
		now := k.keys()
		if e := cached.Load(); e != nil && slices.EqualFunc(e.list, now, serverKey.equal) {
			return e.value
		}
		e := &entry{now, derive(Keyring{list: now})}
		cached.Store(e)
		return e.value
	}
}

// Add returns the keyring with a new key after the others, and its id. There the key
// only decrypts, so that all servers can load it before one encrypts with it. The id
// is the first free one after the newest key's.
func (k Keyring) Add() (added Keyring, id byte, err error) {
	keys := k.keys()
	for step := range 255 {
		id = byte((int(keys[0].id)+step)%255) + 1
		if !slices.ContainsFunc(keys, func(key serverKey) bool { return key.id == id }) {
			fresh := serverKey{id: id, secret: NewKeyring().list[0].secret}
			return Keyring{list: append(slices.Clone(keys), fresh)}, id, nil
		}
	}
	return Keyring{}, 0, errors.New("the keyring is full: remove keys that are no longer needed")
}

// Promote returns the keyring with one of its keys moved to the front, as the newest.
func (k Keyring) Promote(id byte) Keyring {
	var first, others []serverKey
	for _, key := range k.keys() {
		if key.id == id {
			first = append(first, key)
		} else {
			others = append(others, key)
		}
	}
	return Keyring{list: append(first, others...)}
}

// IDs lists the ids of the keys, newest first.
func (k Keyring) IDs() []byte {
	var ids []byte
	for _, key := range k.keys() {
		ids = append(ids, key.id)
	}
	return ids
}
