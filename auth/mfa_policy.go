package auth

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// An MFAPolicy requires a second factor of the accounts in a group, or of all, from a day
// on. The day begins at midnight UTC on every server and for every user.
type MFAPolicy struct {
	Group string    // empty for everyone
	Day   time.Time // its beginning
}

// An MFADeadline says from when an account must have a second factor. It is derived from the
// policies whenever the account is read, so a new sign-in, a reset, or leaving a group and
// returning cannot extend it. An account that is added after the day must set up a second
// factor at once.
type MFADeadline struct {
	Policy time.Time // the earliest day of the policies that apply; zero for none
	Exempt time.Time // the day until which the account is exempt; zero if it is not
}

// Day is the day from which the policies require a second factor; zero for never.
func (d MFADeadline) Day() time.Time {
	if !d.Policy.IsZero() && d.Exempt.After(d.Policy) {
		return d.Exempt
	}
	return d.Policy
}

// An MFAExemption is an account that an administrator has exempted from the policies.
type MFAExemption struct {
	User    UserID
	Email   string
	Until   time.Time // the beginning of the day from which the policies apply again
	Reason  string
	By      UserID // who exempted it, or [CommandActor]
	ByEmail string // empty if that account was deleted
}

// requiresMFA reports whether an account must have a second factor now: by the site's
// setting, from which nobody is exempt, or by a policy. Every rule that depends on it calls
// this.
func (r *Rules) requiresMFA(d MFADeadline, now time.Time) bool {
	day := d.Day()
	return r.policy().RequireMFA || !day.IsZero() && !now.Before(day)
}

// MFANotice returns the day from which a user will need a second factor, for the notice
// on every page; zero if there is nothing to announce.
func (r *Rules) MFANotice(d MFADeadline, factors Factors) time.Time {
	if r.requiresMFA(d, r.now()) || len(factors.Methods()) > 0 {
		return time.Time{}
	}
	return d.Day()
}

// SetMFAPolicy adds a policy, or moves its day. A day is not moved to a later one: only
// an exemption extends a deadline. An administrator who postpones a policy for everybody
// removes it first, which the audit log shows.
func (r *Rules) SetMFAPolicy(ctx context.Context, by Operator, p MFAPolicy) error {
	changes, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return err
	}
	if p.Group != "" && !ValidGroup(p.Group) {
		return &Problem{Reason: GroupInvalid, Field: "group", Limit: GroupNameMax}
	}
	if today := dayOf(changes.At); p.Day != dayOf(p.Day) || p.Day.Before(today) || p.Day.After(today.Add(MFAPolicyMax)) {
		return &Problem{Reason: MFADayInvalid, Field: "date"}
	}
	all, err := r.store.FindMFAPolicies(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(other MFAPolicy) bool { return other.Group == p.Group })
	put, was := PutMFAPolicy{MFAPolicy: p}, "none"
	switch {
	case i < 0 && len(all) >= MFAPoliciesMax:
		return &Problem{Reason: TooManyMFAPolicies, Limit: MFAPoliciesMax}
	case i >= 0 && p.Day.After(all[i].Day):
		return &Problem{Reason: MFADayLater, Field: "date"}
	case i >= 0:
		put.Was, was = all[i].Day, all[i].Day.Format(time.DateOnly)
	}
	if p.Day.Equal(put.Was) {
		return nil
	}
	changes.add(put)
	name := fmt.Sprintf("%s: %s → %s", p.name(), was, p.Day.Format(time.DateOnly))
	return r.applyMFAPolicy(ctx, by, changes, Event{Type: MFAPolicySet, Name: name})
}

// RemoveMFAPolicy removes the policy for a group, or for everyone.
func (r *Rules) RemoveMFAPolicy(ctx context.Context, by Operator, group string) error {
	changes, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return err
	}
	changes.add(RemoveMFAPolicy{Group: group})
	return r.applyMFAPolicy(ctx, by, changes, Event{Type: MFAPolicyRemoved, Name: MFAPolicy{Group: group}.name()})
}

func (r *Rules) applyMFAPolicy(ctx context.Context, by Operator, changes ChangeSet, e Event) error {
	if err := r.recordAct(ctx, &changes, by, e); err != nil {
		return err
	}
	return operated(formExpired(r.apply(ctx, changes))) // another administrator was faster
}

// name is the policy's name in the audit log. No group has a colon.
func (p MFAPolicy) name() string {
	if p.Group == "" {
		return "everyone"
	}
	return "group " + p.Group
}

// MFAPolicies returns the policies: that for everyone first, then by group.
func (r *Rules) MFAPolicies(ctx context.Context) ([]MFAPolicy, error) {
	return r.store.FindMFAPolicies(ctx)
}

// MFAPending returns a page of the accounts that still have to set up a second factor, by
// email address, including exempt ones. after is as in [PeopleQuery].
func (r *Rules) MFAPending(ctx context.Context, after UserID) (PeoplePage, error) {
	return r.store.FindPeople(ctx, PeopleQuery{Factors: NoFactor, MFAPolicy: true, After: after}, AccountsPage)
}

// MFAExemptions returns a page of the exemptions in the order in which they end, and the
// account after which the next page continues; empty at the end.
func (r *Rules) MFAExemptions(ctx context.Context, after UserID) (all []MFAExemption, next UserID, err error) {
	all, err = r.store.FindMFAExemptions(ctx, after, r.now(), AccountsPage+1)
	all, more := firstPage(all, AccountsPage)
	if more {
		next = all[AccountsPage-1].User
	}
	return all, next, err
}

// ExemptFromMFA exempts an account from the policies until a day, at most
// [MFAExemptionMax] from today, or moves the end of its exemption.
func (r *Rules) ExemptFromMFA(ctx context.Context, by Operator, user UserID, until time.Time) error {
	changes, err := r.beginReasoned(ctx, by, RoleAdmin, user)
	if err != nil {
		return err
	}
	if today := dayOf(changes.At); until != dayOf(until) || !until.After(today) || until.After(today.Add(MFAExemptionMax)) {
		return &Problem{Reason: MFAExemptionInvalid, Field: "until", Limit: int(MFAExemptionMax / oneDay)}
	}
	changes.add(PutMFAExemption{Until: until, Reason: by.Reason, By: by.actor()})
	if err := r.recordAct(ctx, &changes, by, Event{Type: OperatorExempted, Name: until.Format(time.DateOnly)}); err != nil {
		return err
	}
	return operated(r.apply(ctx, changes))
}
