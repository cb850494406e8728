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

// A Cost is the parameters of argon2id: memory in KiB, passes, lanes.
type Cost struct {
	Memory, Passes uint32
	Lanes          uint8
}

// DefaultCost is the minimum of OWASP's Password Storage Cheat Sheet: 19 MiB, two
// passes, one lane (ST-01); about 25 ms of one core.
var DefaultCost = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

// work is what one hash writes into memory, in KiB, which its CPU time depends on.
// argon2id uses at least 8 KiB for each lane.
func (c Cost) work() uint64 { return uint64(max(c.Memory, 8*uint32(c.Lanes))) * uint64(c.Passes) }

// HeapLimit is the memory limit, in bytes, of a process that computes that many
// hashes at once: 1.5 times what they use, so that none waits for the garbage
// collector, and [HeapReserve].
func (c Cost) HeapLimit(hashes int) int64 { return HeapReserve + int64(hashes)*int64(c.Memory)<<10*3/2 }

const saltBytes, tagBytes = 16, 32 // ST-01

// A Hasher computes a bounded number of argon2id hashes at once, so that a flood of
// sign-ins exhausts neither memory nor CPU (RL-09).
type Hasher struct {
	cost    Cost
	slots   chan struct{}
	waiting atomic.Int64
	unknown string // matches no password: the same work if there is no account (FF-04)
}

// NewHasher returns a hasher that computes at most parallel hashes at once.
func NewHasher(cost Cost, parallel int) *Hasher {
	h := &Hasher{cost: cost, slots: make(chan struct{}, max(1, parallel))}
	salt, tag := make([]byte, saltBytes), make([]byte, tagBytes)
	rand.Read(salt)
	rand.Read(tag)
	h.unknown = phc(cost, salt, tag)
	return h
}

// Hash returns a password's hash as a PHC string, with a new salt.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	tag, err := h.key(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	return phc(h.cost, salt, tag), nil
}

// Check compares a password with a PHC string. It computes one hash whatever the
// result, also for an empty string, which matches nothing. weak reports whether the
// cost of the hash is not the current one (ST-02).
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

// Waiting is the number of callers in the queue.
func (h *Hasher) Waiting() int { return int(h.waiting.Load()) }

// key waits for a slot and runs argon2id.
func (h *Hasher) key(ctx context.Context, password string, salt []byte, cost Cost) ([]byte, error) {
	if err := h.acquire(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	// NFC is the only change made to a password (PW-05).
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, cost.Passes, cost.Memory, cost.Lanes, tagBytes), nil
}

// acquire waits for a slot. It returns Busy if the queue is full or the wait too
// long, because a page that says so is better than none. If the request has a
// deadline, part of its time is reserved for what follows the hash; otherwise the
// hash would be computed for nothing.
func (h *Hasher) acquire(ctx context.Context) error {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > HashQueue {
		return busy()
	}
	wait := HashTimeout
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		wait = min(wait, left-left/HashReserve)
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-timeout.C:
		return busy()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) { // the wait before was too long
			return busy()
		}
		return ctx.Err() // the client disconnected
	}
}

func busy() error { return &Problem{Reason: Busy, Wait: HashTimeout} }

func phc(c Cost, salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.Memory, c.Passes, c.Lanes, b64.EncodeToString(salt), b64.EncodeToString(tag))
}

// parsePHC parses what phc writes, and nothing else. It bounds the cost: an attacker
// who can write to the database must not be able to stop the program with a hash
// that uses all memory or never ends (RL-09).
func parsePHC(s string) (c Cost, salt, tag []byte, err error) {
	part := strings.Split(s, "$")
	if len(part) != 6 {
		return Cost{}, nil, nil, errors.New("password hash: not six parts")
	}
	// What cannot be parsed is missing from the comparison below.
	_, _ = fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes)
	salt, _ = base64.RawStdEncoding.DecodeString(part[4])
	tag, _ = base64.RawStdEncoding.DecodeString(part[5])
	if c.Passes == 0 || c.Lanes == 0 || len(tag) != tagBytes || phc(c, salt, tag) != s {
		return Cost{}, nil, nil, errors.New("password hash: not written by this program")
	}
	if c.Memory > HashMemoryMax || c.Lanes > HashLanesMax || c.work() > HashWorkMax {
		return Cost{}, nil, nil, errors.New("password hash: its cost exceeds the maximum")
	}
	return c, salt, tag, nil
}
