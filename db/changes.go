package db

import (
	"context"
	"fmt"

	"twostep/auth"
)

// apply applies changes in list order. It returns false or engine.ErrNotApplied, possibly
// only at the commit, if one of them cannot be applied; the transaction is then undone.
// Every change is written to the account of the set, whatever account its fields name, and
// that is the one that is locked.
func (t *tx) apply(ctx context.Context, set auth.ChangeSet) (applied bool, err error) {
	if set.User != t.account && len(set.Changes) > 0 {
		return false, fmt.Errorf("changes to account %q while account %q is locked", set.User, t.account)
	}
	if set.User == "" { // as many statements as with an account
		if err := t.lock(ctx); err != nil {
			return false, err
		}
	}
	for _, c := range set.Changes {
		if applied, err := t.applyChange(ctx, set, c); err != nil || !applied {
			return false, err
		}
	}
	return true, nil
}

func (t *tx) applyChange(ctx context.Context, set auth.ChangeSet, c auth.Change) (applied bool, err error) {
	switch c := c.(type) {
	case auth.RequireMFA:
		return t.hasFactors(ctx, set.User, max(c.Factors, 1))
	case auth.RequireOperator:
		return true, t.requireOperator(ctx, set.User, c)
	case auth.RequireNoRole:
		return true, t.requireNoRole(ctx, set.User)
	case auth.SpendApproval:
		return true, t.spendApproval(ctx, set.User, c, set.At)
	case auth.ApproveDownload:
		return true, t.approveDownload(ctx, c, set.At)
	case auth.SpendDownload:
		return true, t.spendDownload(ctx, c, set.At)
	case auth.KeepAdmin:
		return true, t.keepAdmin(ctx, set.User)

	case auth.AddUser:
		return true, t.addUser(ctx, c)
	case auth.PutInvitation:
		return t.putInvitation(ctx, set.User, c.Invitation)
	case auth.RenewInvitation:
		return t.renewInvitation(ctx, c.Invitation)
	case auth.RemoveInvitation:
		return t.removeInvitation(ctx, c.ID)
	case auth.SpendInvitation:
		return t.spendInvitation(ctx, c.TokenHash, set.At)
	case auth.ReplaceEmail:
		return t.replaceEmail(ctx, set.User, c.EmailEnrolment, set.At)
	case auth.ReplaceName:
		return t.replaceName(ctx, set.User, c.Name, set.At)
	case auth.AddGroup:
		return t.addGroup(ctx, set.User, c.Name)
	case auth.RemoveGroup:
		return t.removeGroup(ctx, set.User, c.Name)
	case auth.EndEmailEnrolment:
		return true, t.endEmailEnrolment(ctx, set.User)
	case auth.ClearMustChange:
		return true, t.Queue(ctx, `UPDATE users SET must_change = 0 WHERE id = $1`, set.User)

	case auth.AddRecovery:
		return t.addRecovery(ctx, set.User, c)
	case auth.AddRecoveryToken:
		return true, t.addRecoveryToken(ctx, set.User, c.Hash)
	case auth.StopRecovery:
		return t.stopRecovery(ctx, set, c.Changes)
	case auth.ClearRecovered:
		return true, t.Queue(ctx, `UPDATE users SET recovered_at = NULL WHERE id = $1`, set.User)

	case auth.AddAttempt:
		return t.addAttempt(ctx, set.User, c.Attempt)
	case auth.ReplaceDemand:
		return t.replaceDemand(ctx, set.User, c.Attempt)
	case auth.AddVerifiedFactor:
		return t.addVerifiedFactor(ctx, c, set.At)
	case auth.EndAttempt:
		return t.endAttempt(ctx, c.TokenHash, set.At)
	case auth.EndAttempts:
		return true, t.endAttempts(ctx, set.User)
	case auth.EndOlderAttempts:
		return true, t.endOlderAttempts(ctx, set.User, c)

	case auth.BeginSession:
		return t.addSession(ctx, set.User, c)
	case auth.RenewSession:
		return t.renewSession(ctx, set.User, c, set.At)
	case auth.EndSessions:
		return true, t.endSessions(ctx, set.User, c.Except, set.At)
	case auth.PutKnownDevice:
		return true, t.putKnownDevice(ctx, set.User, c)
	case auth.ForgetDevices:
		return true, t.forgetDevices(ctx, set.User)

	case auth.PutHostUse:
		return true, t.putHostUse(ctx, set.User, c.Host, set.At)
	case auth.PutHostToken:
		return t.putHostToken(ctx, set.User, c, set.At)

	case auth.PutTOTP:
		return true, t.putTOTP(ctx, set.User, c.TOTPKey)
	case auth.AddPhone:
		return t.addPhone(ctx, set.User, c)
	case auth.PutPasskey:
		return t.putPasskey(ctx, set.User, c.PasskeyKey)
	case auth.SpendChallenge:
		return t.spendChallenge(ctx, c)
	case auth.EnsureBackupCodes:
		return true, t.ensureBackupCodes(ctx, set.User, c.BackupCodeSet)
	case auth.PutSentCode:
		return true, t.putSentCode(ctx, c.SentCode)

	case auth.AddApproval:
		return t.addApproval(ctx, c.Approval, set.At)
	case auth.PutSetting:
		return t.putSetting(ctx, c, set.At)

	case auth.PutMFAPolicy:
		return t.putMFAPolicy(ctx, c)
	case auth.RemoveMFAPolicy:
		return t.removeMFAPolicy(ctx, c.Group)
	case auth.PutMFAExemption:
		return t.putMFAExemption(ctx, set.User, c)

	case auth.SettleCounts:
		return true, t.settleCounts(ctx, c, set.At)
	case auth.RecordEvent:
		return true, t.addEvent(ctx, set.User, c.Event)
	case auth.QueueMessage:
		return true, t.queueMessage(ctx, c, set.At)
	}
	return false, fmt.Errorf("unknown change %T", c)
}
