package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// A Cost is the price of one argon2id run: memory in KiB, passes, lanes.
type Cost struct {
	Memory, Passes uint32
	Lanes          uint8
}

// DefaultCost is the least that OWASP's Password Storage Cheat Sheet allows:
// 19 MiB, two passes, one lane (ST-01); about 25 ms of one core.
var DefaultCost = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

// work is what one run writes into memory, in KiB: what it takes of a processor.
// argon2id takes 8 KiB a lane at least.
func (c Cost) work() uint64 { return uint64(max(c.Memory, 8*uint32(c.Lanes))) * uint64(c.Passes) }

// HeapLimit is how many bytes a process may hold that runs so many hashes at
// once: half as much again as they take, so that none waits for the collector,
// and [HeapReserve].
func (c Cost) HeapLimit(hashes int) int64 { return HeapReserve + int64(hashes)*int64(c.Memory)<<10*3/2 }

const saltBytes, tagBytes = 16, 32 // ST-01

// A Hasher runs argon2id, a few at a time, so that a flood of sign-ins takes
// neither all memory nor all processors (RL-09).
type Hasher struct {
	cost    Cost
	slots   chan struct{}
	waiting atomic.Int64
	unknown string // a hash that no password has: the work for addresses nobody bears (FF-04)
}

// NewHasher returns a hasher that runs at most parallel hashes at once.
func NewHasher(cost Cost, parallel int) *Hasher {
	h := &Hasher{cost: cost, slots: make(chan struct{}, max(1, parallel))}
	salt, tag := make([]byte, saltBytes), make([]byte, tagBytes)
	rand.Read(salt)
	rand.Read(tag)
	h.unknown = phc(cost, salt, tag)
	return h
}

// Hash returns a password's hash as a PHC string, with a salt of its own.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	tag, err := h.key(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	return phc(h.cost, salt, tag), nil
}

// Check compares a password with a PHC string by one run, whatever the answer.
// An empty hash stands for an account nobody has: the same run, never a match.
// weak says that the hash was made at a lower cost than today's (ST-02).
func (h *Hasher) Check(ctx context.Context, hash, password string) (matches, weak bool, err error) {
	known := hash != ""
	if !known {
		hash = h.unknown
	}
	cost, salt, want, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	got, err := h.key(ctx, password, salt, cost)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, cost != h.cost, nil
}

// Waiting is how many callers wait for their turn.
func (h *Hasher) Waiting() int { return int(h.waiting.Load()) }

// key runs argon2id once it is this caller's turn.
func (h *Hasher) key(ctx context.Context, password string, salt []byte, cost Cost) ([]byte, error) {
	if err := h.turn(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	// NFC and nothing else: the one change made to what was typed (PW-05).
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, cost.Passes, cost.Memory, cost.Lanes, tagBytes), nil
}

// turn waits for a slot. Past the bounds of the queue it answers Busy at once,
// and where the wait grows too long: a page that says so beats one that never
// comes. Where the request has an end, what follows the hash needs a part of
// its time, or the hash would be work for nothing.
func (h *Hasher) turn(ctx context.Context) error {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > HashQueue {
		return busy()
	}
	wait := HashTimeout
	if end, bounded := ctx.Deadline(); bounded {
		left := time.Until(end)
		wait = min(wait, left-left/HashReserve)
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-patience.C:
		return busy()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) { // it was waited for too long elsewhere
			return busy()
		}
		return ctx.Err() // nobody waits any more
	}
}

func busy() error { return &Problem{Reason: Busy, Wait: HashTimeout} }

func phc(c Cost, salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.Memory, c.Passes, c.Lanes, b64.EncodeToString(salt), b64.EncodeToString(tag))
}

// parsePHC reads what phc writes, and nothing else. What it would cost is
// bounded: who can write to the database must not be able to stop the program
// by a hash that takes all memory or never ends (RL-09).
func parsePHC(s string) (c Cost, salt, tag []byte, err error) {
	part := strings.Split(s, "$")
	var version int
	if len(part) != 6 || part[1] != "argon2id" {
		return c, nil, nil, fmt.Errorf("password hash: not an argon2id string")
	}
	if _, err = fmt.Sscanf(part[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, fmt.Errorf("password hash: version not %d", argon2.Version)
	}
	if _, err = fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes); err != nil || c.Passes == 0 || c.Lanes == 0 {
		return c, nil, nil, fmt.Errorf("password hash: cost not readable")
	}
	if c.Memory > HashMemoryMax || c.Lanes > HashLanesMax || c.work() > HashWorkMax {
		return c, nil, nil, fmt.Errorf("password hash: it would cost more than any of this program")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return c, nil, nil, fmt.Errorf("password hash: salt: %w", err)
	}
	if tag, err = base64.RawStdEncoding.DecodeString(part[5]); err != nil || len(tag) != tagBytes {
		return c, nil, nil, fmt.Errorf("password hash: tag not readable")
	}
	if phc(c, salt, tag) != s {
		return c, nil, nil, fmt.Errorf("password hash: not written by this program")
	}
	return c, salt, tag, nil
}
