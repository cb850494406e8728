package auth

import (
	"context"
	"errors"
	"time"
)

// An Approval is an act that an administrator has requested and another one may approve
// (OP-08). It exists until it is approved, refused, withdrawn or expired.
type Approval struct {
	ID string
	Act
	By          UserID // the requester, who cannot approve it
	Reason      string
	RequestedAt time.Time
	ExpiresAt   time.Time
	ApprovedAt  time.Time // of a download, which the requester may then do once; zero before

	UserEmail, ByEmail string // of User and By; read, not stored
}

// approvedActions are the actions that need an approval on accounts with a role and, with
// [Policy.AdminApproval], on all: what they remove or reveal cannot be restored.
var approvedActions = map[OperatorAction]bool{ResetMFA: true, RemoveFactor: true, Delete: true, DownloadPeople: true}

// NeedsApproval reports whether another administrator has to approve an action on an
// account with this role.
func (r *Rules) NeedsApproval(action OperatorAction, role Role) bool {
	return approvedActions[action] && (r.policy().AdminApproval || role > NoRole)
}

// unapproved returns the change that checks, in the transaction of an act, that it needs no
// approval: the account may have been given a role since the page was shown. Commands need
// no approval.
func (r *Rules) unapproved(by Operator, action OperatorAction) ([]Change, error) {
	if by.Session.ID == "" || !approvedActions[action] {
		return nil, nil
	}
	if r.policy().AdminApproval {
		return nil, &Problem{Reason: FormExpired}
	}
	return []Change{RequireNoRole{}}, nil
}

// RequestApproval requests an act. It fails if the same act is already requested.
func (r *Rules) RequestApproval(ctx context.Context, by Operator, act Act) error {
	if !approvedActions[act.Action] || len(act.Target) > ApprovalTargetMax {
		return &Problem{Reason: UnknownAction}
	}
	changes, err := r.beginReasoned(ctx, by, actionRoles[act.Action], act.User)
	if err != nil {
		return err
	}
	if act.Action == RemoveFactor {
		if _, err := r.removalOf(ctx, act, &ChangeSet{At: changes.At}); err != nil {
			return err
		}
	}
	can, err := r.CanBeApproved(ctx, by, act.User)
	if err != nil {
		return err
	}
	if !can {
		return &Problem{Reason: NoApprover}
	}
	changes.add(AddApproval{Approval{
		ID: newID(), Act: act, By: by.Session.User, Reason: by.Reason, RequestedAt: changes.At, ExpiresAt: changes.At.Add(ApprovalLifetime),
	}})
	if err := r.recordAct(ctx, &changes, by, Event{Type: ApprovalRequested, Name: string(act.Action)}); err != nil {
		return err
	}
	return operated(requested(r.apply(ctx, changes)))
}

// requested returns the error of a request as the page shows it.
func requested(err error) error {
	switch {
	case errors.Is(err, ErrTooManyApprovals):
		return &Problem{Reason: TooManyApprovals, Limit: ApprovalsMax}
	case errors.Is(err, ErrNotFound):
		return &Problem{Reason: FormExpired} // the page now shows the earlier request
	}
	return err
}

// CanBeApproved reports whether there is an admin who could approve a request of this one
// about an account: somebody who is neither the requester nor the owner of the account.
func (r *Rules) CanBeApproved(ctx context.Context, by Operator, user UserID) (bool, error) {
	return r.store.FindOtherAdmin(ctx, by.Session.User, user)
}

// Approve carries out an act that another administrator has requested. done is as for
// [Rules.Operate]; if there was nothing to do, the request stays.
func (r *Rules) Approve(ctx context.Context, by Operator, id string) (done bool, err error) {
	a, err := r.Approval(ctx, id)
	if err != nil {
		return false, err
	}
	if a.By == by.Session.User {
		return false, ErrNotFound
	}
	by.Reason = a.Reason
	if a.Action == DownloadPeople {
		return true, r.approveDownload(ctx, by, a)
	}
	if missing, err := r.lacksFactor(ctx, a); missing || err != nil {
		return false, err
	}
	changes, err := r.beginEnd(ctx, by, a)
	if err != nil {
		return false, err
	}
	done, err = r.carryOut(ctx, by, a.Act, changes)
	return done, ended(err)
}

// lacksFactor reports whether the account no longer has the factor that a request is about.
// An app that was added after the request counts as another factor.
func (r *Rules) lacksFactor(ctx context.Context, a Approval) (bool, error) {
	if a.Action != RemoveFactor {
		return false, nil
	}
	factors, err := r.factors(ctx, a.User, r.now())
	if err != nil {
		return false, err
	}
	if a.Target == string(AppFactor) && factors.TOTP != nil {
		return factors.TOTP.AddedAt.After(a.RequestedAt), nil
	}
	return factorEvent(factors, a.Target).Type == "", nil
}

// approveDownload lets the requester download once.
func (r *Rules) approveDownload(ctx context.Context, by Operator, a Approval) error {
	changes, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return err
	}
	changes.add(ApproveDownload{ID: a.ID, By: by.Session.User})
	if err := r.recordAct(ctx, &changes, by, Event{Type: ApprovalGranted, Name: string(a.Action)}); err != nil {
		return err
	}
	return operated(ended(r.apply(ctx, changes)))
}

// DownloadRequest returns the administrator's own request to download accounts. found is
// false if there is none.
func (r *Rules) DownloadRequest(ctx context.Context, by Operator, filters string) (a Approval, found bool, err error) {
	a, err = r.store.FindDownload(ctx, by.Session.User, filters, r.now())
	return a, err == nil, ignoreNotFound(err)
}

// EndApproval withdraws a request of the administrator, or refuses another's.
func (r *Rules) EndApproval(ctx context.Context, by Operator, id string) error {
	a, err := r.Approval(ctx, id)
	if err != nil {
		return err
	}
	changes, err := r.beginEnd(ctx, by, a)
	if err != nil {
		return err
	}
	event := Event{Type: ApprovalRefused, Name: string(a.Action)}
	if a.By == by.Session.User {
		event.Type = ApprovalWithdrawn
	}
	if err := r.recordAct(ctx, &changes, by, event); err != nil {
		return err
	}
	return operated(ended(r.apply(ctx, changes)))
}

// beginEnd returns changes that first consume a request.
func (r *Rules) beginEnd(ctx context.Context, by Operator, a Approval) (ChangeSet, error) {
	changes, err := r.begin(ctx, by, RoleAdmin, a.User)
	changes.add(SpendApproval{ID: a.ID, By: by.Session.User, Own: a.By == by.Session.User})
	return changes, err
}

// ended returns the error of a request that has ended as the page shows it.
func ended(err error) error {
	if errors.Is(err, ErrApprovalEnded) {
		return &Problem{Reason: ApprovalEnded}
	}
	return err
}

// Approval returns a request that can still be approved, or a [Problem] with
// [ApprovalEnded].
func (r *Rules) Approval(ctx context.Context, id string) (Approval, error) {
	a, err := r.store.FindApproval(ctx, id, r.now())
	if errors.Is(err, ErrNotFound) {
		err = ErrApprovalEnded
	}
	return a, ended(err)
}

// Approvals lists the requests that can still be approved, of one account or, if user is
// empty, of all; the first to expire first.
func (r *Rules) Approvals(ctx context.Context, user UserID) ([]Approval, error) {
	return r.store.FindApprovals(ctx, user, r.now(), ApprovalsShown)
}

// The errors of a store that refuses a request or its approval.
var (
	ErrTooManyApprovals = errors.New("the administrator has too many requests")
	ErrApprovalEnded    = errors.New("the request has ended")
	ErrNeedsApproval    = errors.New("the act needs an approval")
)
