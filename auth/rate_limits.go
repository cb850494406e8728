package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// A RateLimit is a limiter with the key of its count, and the reason given if it
// refuses.
type RateLimit struct {
	Key     string // see [limitKey]
	Limiter Limiter
	Reason  Reason
}

// limitKey builds the key of a count; nothing else does. The store removes the counts
// of an account by the last part, which is then the account's id.
//
// A part that is not a plain word is replaced by its hash. So text that a user
// entered, like an email address with a slash in it, cannot imitate several parts or
// the key of another count, and all keys are short.
func limitKey(parts ...string) string {
	plain := make([]string, len(parts))
	for i, part := range parts {
		if plain[i] = part; part == "" || strings.ContainsFunc(part, notPlain) {
			sum := sha256.Sum256([]byte(part))
			plain[i] = "=" + base64.RawURLEncoding.EncodeToString(sum[:])
		}
	}
	return strings.Join(plain, "/")
}

// notPlain reports whether a character is not one of those that ids, token hashes
// and the words of this package consist of.
func notPlain(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
}

// subjects are the names by which a request is counted in each scope, in the parts
// of [limitKey]. A scope without a name is not counted.
type subjects map[Scope][]string

// from adds the client's IP address and networks.
func (s subjects) from(client Client) subjects {
	for _, row := range ipScopes {
		if prefix := client.prefix(row.bits4, row.bits6); prefix != "" {
			s[row.by] = []string{prefix}
		}
	}
	return s
}

// fromDevice is from for a client that may be a known device of an account. What
// strangers behind the same IP address do is not counted there.
func (s subjects) fromDevice(client Client, known bool, account string) subjects {
	if !known {
		return s.from(client)
	}
	network := deviceCounter(client.network(), known)
	s[ByIP], s[ByNetwork] = append(network, account), network
	return s
}

// prefix is the network of the client's IP address with so many bits of it, for IPv4
// and IPv6; empty for zero bits.
func (c Client) prefix(bits4, bits6 int) string {
	if !c.IP.IsValid() {
		return "unknown"
	}
	bits := bits4
	if c.IP.Is6() {
		bits = bits6
	}
	if bits == 0 {
		return ""
	}
	prefix, _ := c.IP.WithZone("").Prefix(bits) // bits are valid for its family
	return prefix.String()
}

// network is the network that counts as one requester of mailed codes.
func (c Client) network() string { return c.prefix(24, 48) }

// limits returns the rate limits of an action.
func (r *Rules) limits(action Action, subjects subjects) []RateLimit {
	var all []RateLimit
	add := func(by Scope, limiter Limiter, reason Reason) {
		name := subjects[by]
		if by == Global {
			name = []string{"sent"}
		}
		if len(name) == 0 {
			return
		}
		parts := []string{"failures"} // kept until a success resets it
		if window, ok := limiter.(Window); ok {
			parts = []string{string(action), string(by), window.Per.String()}
		}
		all = append(all, RateLimit{Key: limitKey(append(parts, name...)...), Limiter: limiter, Reason: reason})
	}
	for _, row := range limits {
		if row.action != action {
			continue
		}
		switch limiter := row.limiter.(type) {
		case Window:
			if row.by != ByIP {
				add(row.by, limiter, row.reason)
				continue
			}
			for _, scope := range ipScopes {
				add(scope.by, Window{Max: limiter.Max * scope.times, Per: limiter.Per}, row.reason)
			}
		case smsBudget:
			add(row.by, limiter.window(r.policy().SMSBudget), row.reason)
		default:
			add(row.by, limiter, row.reason)
		}
	}
	return all
}

// allow counts a request. It is called before the response is checked, so that
// concurrent guesses cannot exceed a limit. A refusal is a [Problem] that says how
// long to wait.
func (r *Rules) allow(ctx context.Context, now time.Time, limits ...RateLimit) error {
	refused, count, err := r.store.Allow(ctx, now, limits)
	return Refusal(now, limits, refused, count, err)
}

// allowAttempt is allow, and applies changes that begin an attempt in the same
// transaction. If a form is posted twice at once, the second post is refused only when
// the attempt of the first can be found, see [Rules.repeatedOr].
func (r *Rules) allowAttempt(ctx context.Context, limits []RateLimit, changes ChangeSet) error {
	refused, count, err := r.store.AllowAttempt(ctx, limits, changes)
	return Refusal(changes.At, limits, refused, count, err)
}

// Refusal is the problem of the limit that has refused; nil for -1.
func Refusal(now time.Time, limits []RateLimit, refused int, count Count, err error) error {
	if err != nil || refused < 0 {
		return err
	}
	switch limiter := limits[refused].Limiter.(type) {
	case Lock:
		return &Problem{Reason: limits[refused].Reason, Field: "code"}
	case Backoff:
		if count.N >= limiter.LockAt {
			return &Problem{Reason: FactorLocked, Field: "code"}
		}
	}
	return &Problem{Reason: limits[refused].Reason, Wait: max(count.ReadyAt.Sub(now), time.Second)}
}

// allowAct counts what a signed-in user does.
func (r *Rules) allowAct(ctx context.Context, now time.Time, user UserID) error {
	return r.allow(ctx, now, r.limits(ActionAccount, subjects{ByAccount: {string(user)}})...)
}

// allowExpulsion counts what gets rid of other sessions by session, so that an intruder
// in one of them cannot use it up.
func (r *Rules) allowExpulsion(ctx context.Context, now time.Time, session SessionID) error {
	return r.allow(ctx, now, r.limits(ActionAccount, subjects{ByAccount: {"session", string(session)}})...)
}

func limitKeys(limits []RateLimit) []string {
	var keys []string
	for _, limit := range limits {
		keys = append(keys, limit.Key)
	}
	return keys
}

// settle is what a correct response does to the counts: it resets the factor's
// failures but refunds only its own request to the IP limit; otherwise
// attackers could reset their IP's count by signing in to an account they own.
func (r *Rules) settle(c challenge) SettleCounts {
	var counts SettleCounts
	for _, limit := range r.challengeLimits(c) {
		if _, window := limit.Limiter.(Window); window {
			counts.Refund = append(counts.Refund, limit.Key)
		} else {
			counts.Reset = append(counts.Reset, limit.Key)
		}
	}
	return counts
}

// failureKeys are the keys by which failures of an account's factors are
// counted, from known devices and others. They are reset when a factor is
// replaced: failures counted against the old one do not count against the new
// one (RL-01).
func (r *Rules) failureKeys(user UserID, kinds ...FactorKind) []string {
	return keysOf(r.eachFailureCount(ByFactor, string(user), kinds))
}

// mailedCodeKeys are the keys by which wrong codes mailed to an address are counted,
// from known devices and others.
func (r *Rules) mailedCodeKeys(email Email, kinds ...FactorKind) []string {
	return keysOf(r.eachFailureCount(ByMailed, email.Key, kinds))
}

// failureCounter names one factor of one account for counting failures. Known
// devices have a count of their own, so that an attacker's guesses do not make
// the owner wait (RL-06).
func failureCounter(kind FactorKind, account string, known bool) []string {
	return append([]string{string(kind)}, deviceCounter(account, known)...)
}

// Failures at enrolling are counted apart from those at signing in, and those of
// mailed codes by what the code is for.
const (
	enrolTOTP   FactorKind = "enrol_totp"
	enrolPhone  FactorKind = "enrol_phone"
	enrolEmail  FactorKind = "enrol_email"
	resetEmail  FactorKind = "reset_email"
	signUpEmail FactorKind = "sign_up_email"

	recoverEmail FactorKind = "recover_email" // of a recovery, and of a sign-in after one
)

var mailedCodes = []FactorKind{enrolEmail, resetEmail, signUpEmail, recoverEmail}

// deviceCounter separates the count of known devices from that of all others.
func deviceCounter(name string, known bool) []string {
	if known {
		return []string{"known", name}
	}
	return []string{name}
}
