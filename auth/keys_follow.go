package auth

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A keySource is where a ring comes from that can change under a running
// program. All copies of the [Keyring] share it.
type keySource struct {
	ring atomic.Pointer[[]ringKey]
	read func() (Keyring, error)
	mu   sync.Mutex // who rereads
}

// WatchKeyring returns the ring that read answers, as one that can be reread. So
// a new key comes into use in every running server, while the old ones stay
// behind it for what they have sealed and signed.
func LoadKeyring(read func() (Keyring, error)) (Keyring, error) {
	first, err := read()
	if err != nil {
		return Keyring{}, err
	}
	source := &keySource{read: read}
	source.ring.Store(&first.ring)
	return Keyring{source: source}, nil
}

// keys is the ring as it is now. Who needs it twice takes it once.
func (k Keyring) keys() []ringKey {
	if k.source == nil {
		return k.ring
	}
	return *k.source.ring.Load()
}

// Reload takes the ring as it is at its source by now. A ring that cannot be
// the next of this one is refused, and this one stays: a running server lives on
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
		return false, fmt.Errorf("key %d, which is in use, is not in the new key ring: a ring without it takes a restart", now[0].id)
	}
	for _, key := range next.ring {
		if slices.ContainsFunc(now, func(old ringKey) bool { return old.id == key.id && !old.equal(key) }) {
			return false, fmt.Errorf("key %d is another one in the new key ring: a new key takes a new id", key.id)
		}
	}
	k.source.ring.Store(&next.ring)
	return true, nil
}

func (r ringKey) equal(other ringKey) bool {
	return r.id == other.id && string(r.secret) == string(other.secret)
}

// Derived returns what derives from a ring, made again whenever that has
// changed.
func CachePerKeyring[T any](k Keyring, derive func(Keyring) T) func() T {
	type made struct {
		of  []ringKey
		got T
	}
	var last atomic.Pointer[made]
	return func() T {
		now := k.keys()
		if m := last.Load(); m != nil && len(m.of) == len(now) && (len(now) == 0 || &m.of[0] == &now[0]) {
			return m.got
		}
		m := &made{now, derive(Keyring{ring: now})}
		last.Store(m)
		return m.got
	}
}

// Add returns the ring with a new key behind the others, and the key's id. There
// it opens, and seals nothing yet: servers can get to know it before any of them
// uses it. The id is the next after the newest that the ring does not have.
func (k Keyring) Add() (added Keyring, id byte, err error) {
	ring := k.keys()
	for step := range 255 {
		id = byte((int(ring[0].id)+step)%255) + 1
		if !slices.ContainsFunc(ring, func(r ringKey) bool { return r.id == id }) {
			fresh := ringKey{id: id, secret: NewKeyring().ring[0].secret}
			return Keyring{ring: append(slices.Clone(ring), fresh)}, id, nil
		}
	}
	return Keyring{}, 0, errors.New("the key ring is full: take keys out that nothing needs any more")
}

// Promote returns the ring with one of its keys before the others, as the newest.
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
