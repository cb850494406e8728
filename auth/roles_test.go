package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// An administrator acts with a reason and a recent second factor, on others only; the
// account's history says who and why, and its owner gets a mail that does not say where
// the administrator was (OP-07).
func TestOperate_Administrator(t *testing.T) {
	const ann, bob = "ann@example.com", "bob@example.com"
	f := newFlow(t)
	session, client := f.signUp(ann)
	f.signUp(bob)
	f.addTOTP(client, session)
	session = f.reload(session)
	id, err := f.AccountID(f.ctx, bob)
	f.must(err)
	by := auth.Operator{Session: session, Client: client, Reason: "asked by phone" + strings.Repeat("!", auth.ReasonMax-14)}

	_, err = f.Operate(f.ctx, by, auth.SignOutEverywhere, id)
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("without a role: %v", err)
	}
	changed, err := f.ChangeRole(f.ctx, session.User, auth.RoleSupport)
	if !changed || err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"", "  x ", strings.Repeat("x", auth.ReasonMax+1), "one\ntwo", strings.Repeat("x", auth.ReasonMin-1)} {
		_, err := f.Operate(f.ctx, auth.Operator{Session: session, Client: client, Reason: reason}, auth.SignOutEverywhere, id)
		f.problem(err, auth.ReasonInvalid)
	}
	done, err := f.Operate(f.ctx, by, auth.SignOutEverywhere, id)
	if !done || err != nil {
		t.Fatalf("done: %v, %v", done, err)
	}
	events, _, err := f.Activity(f.ctx, id, "")
	f.must(err)
	i := slices.IndexFunc(events, func(e auth.Event) bool { return e.Type == auth.OperatorSignedOut })
	if e := events[max(i, 0)]; i < 0 || e.Actor != string(session.User) || e.Reason != by.Reason || e.IP == "" {
		t.Errorf("the event is %+v", e)
	}
	notices := 0
	for _, m := range f.messages(bob) {
		if m.Kind == auth.MessageKind(auth.OperatorSignedOut) {
			notices++
			if m.IP != "" {
				t.Error("the mail says where the administrator was")
			}
		}
	}
	if notices != 1 {
		t.Errorf("%d mails", notices)
	}
	for _, refused := range []struct {
		action auth.OperatorAction
		on     auth.UserID
	}{{auth.Disable, id}, {auth.SignOutEverywhere, session.User}} {
		if _, err := f.Operate(f.ctx, by, refused.action, refused.on); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s on %s: %v", refused.action, refused.on, err)
		}
	}
	f.now = f.now.Add(auth.AdminActAge + time.Millisecond)
	if _, err := f.Operate(f.ctx, by, auth.SignOutEverywhere, id); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("long after the second factor: %v", err)
	}
}

// The last admin cannot leave the site without one (OP-07).
func TestDeleteAccount_LastAdmin(t *testing.T) {
	const ann, bob = "ann@example.com", "bob@example.com"
	f := newFlow(t)
	session, client := f.signUp(ann)
	other, _ := f.signUp(bob)
	admin := func(user auth.UserID, role auth.Role) {
		t.Helper()
		if changed, err := f.ChangeRole(f.ctx, user, role); !changed || err != nil {
			t.Fatal(changed, err)
		}
	}
	admin(session.User, auth.RoleAdmin)
	f.problem(f.DeleteAccount(f.ctx, client, session, ann), auth.LastAdmin)
	admin(other.User, auth.RoleAdmin)
	done, err := f.operate(auth.Disable, bob)
	if !done || err != nil {
		t.Fatal(err)
	}
	f.problem(f.DeleteAccount(f.ctx, client, session, ann), auth.LastAdmin) // a disabled one does not count
	_, err = f.operate(auth.Enable, bob)
	f.must(err)
	f.must(f.DeleteAccount(f.ctx, client, session, ann))
	_, err = f.operate(auth.Delete, bob)
	f.problem(err, auth.LastAdmin)
	if user, err := f.AccountID(f.ctx, bob); err != nil || user != other.User {
		t.Errorf("the last admin was deleted: %v", err)
	}
}

// TestReason_Length: a reason of three to two hundred characters is accepted.
func TestReason_Length(t *testing.T) {
	m := newMFASite(t)
	for n, want := range map[int]auth.Reason{
		auth.ReasonMin - 1: auth.ReasonInvalid, auth.ReasonMin: "", auth.ReasonMax: "", auth.ReasonMax + 1: auth.ReasonInvalid,
	} {
		by := m.by
		by.Reason = strings.Repeat("ü", n)
		_, err := m.ChangeGroups(m.ctx, by, m.ann.User, []string{fmt.Sprint("group", n)}, nil)
		m.problem(err, want)
	}
}

// TestActed: the log and the metrics get an act that was done, and no other.
func TestActed(t *testing.T) {
	f := newFlow(t)
	f.signUp("ann@example.com")
	observed := 0
	ctx := auth.WithObserver(f.ctx, func(auth.Event) { observed++ })
	changes, err := f.AppAct(ctx, auth.Operator{}, false, auth.Event{Type: auth.OperatorAddedApp})
	f.must(err)
	for _, row := range []struct {
		done bool
		err  error
		want int
	}{{true, nil, 1}, {false, nil, 0}, {true, errFailing, 0}, {false, errFailing, 0}} {
		observed = 0
		if err := f.Acted(ctx, changes, row.done, row.err); observed != row.want || !errors.Is(err, row.err) {
			t.Errorf("%+v: %d events observed, %v", row, observed, err)
		}
	}
	f.ctx, observed = ctx, 0
	if done, err := f.operate(auth.Enable, "ann@example.com"); done || err != nil || observed != 0 {
		t.Errorf("an account that is not disabled: %v, %v, %d events observed", done, err, observed)
	}
}
