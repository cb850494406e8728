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
	ring atomic.Pointer[[]ringKey]
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
	source.ring.Store(&first.ring)
	return Keyring{source: source}, nil
}

// keys returns the current keys. A caller that needs them twice calls it once.
func (k Keyring) keys() []ringKey {
	if k.source == nil {
		return k.ring
	}
	return *k.source.ring.Load()
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
	if slices.EqualFunc(now, next.ring, ringKey.equal) {
		return false, nil
	}
	if !slices.ContainsFunc(next.ring, now[0].equal) {
		return false, fmt.Errorf("key %d is in use but not in the new key ring: restart the server to remove it", now[0].id)
	}
	for _, key := range next.ring {
		if slices.ContainsFunc(now, func(old ringKey) bool { return old.id == key.id && !old.equal(key) }) {
			return false, fmt.Errorf("key %d differs in the new key ring: a new key needs a new id", key.id)
		}
	}
	k.source.ring.Store(&next.ring)
	return true, nil
}

func (r ringKey) equal(other ringKey) bool {
	return r.id == other.id && string(r.secret) == string(other.secret)
}

// CachePerKeyring returns a function that returns what derive makes of the current
// keys, and calls derive again only after they have changed.
func CachePerKeyring[T any](k Keyring, derive func(Keyring) T) func() T {
	type entry struct {
		ring  []ringKey
		value T
	}
	var cached atomic.Pointer[entry]
	return func() T {
		now := k.keys()
		if e := cached.Load(); e != nil && len(e.ring) == len(now) && (len(now) == 0 || &e.ring[0] == &now[0]) {
			return e.value
		}
		e := &entry{now, derive(Keyring{ring: now})}
		cached.Store(e)
		return e.value
	}
}

// Add returns the keyring with a new key after the others, and its id. There the key
// only decrypts, so that all servers can load it before one encrypts with it. The id
// is the first free one after the newest key's.
func (k Keyring) Add() (added Keyring, id byte, err error) {
	ring := k.keys()
	for step := range 255 {
		id = byte((int(ring[0].id)+step)%255) + 1
		if !slices.ContainsFunc(ring, func(r ringKey) bool { return r.id == id }) {
			fresh := ringKey{id: id, secret: NewKeyring().ring[0].secret}
			return Keyring{ring: append(slices.Clone(ring), fresh)}, id, nil
		}
	}
	return Keyring{}, 0, errors.New("the key ring is full: remove keys that are no longer needed")
}

// Promote returns the keyring with one of its keys moved to the front, as the newest.
func (k Keyring) Promote(id byte) Keyring {
	var first, others []ringKey
	for _, r := range k.keys() {
		if r.id == id {
			first = append(first, r)
		} else {
			others = append(others, r)
		}
	}
	return Keyring{ring: append(first, others...)}
}

// IDs lists the ids of the keys, newest first.
func (k Keyring) IDs() []byte {
	var ids []byte
	for _, r := range k.keys() {
		ids = append(ids, r.id)
	}
	return ids
}
