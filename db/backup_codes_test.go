package db

import (
	"context"
	"slices"
	"testing"

	"twostep/auth"
)

// BC-02: each code works once, also under parallel use.
func TestSpendBackupCode_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
			return s.SpendBackupCode(ctx, "ann", "h1", auth.ChangeSet{At: noon})
		})
		spent, err := b.SpendBackupCode(t.Context(), "bob", "h2", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "h2", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
	})
}

// BC-05: codes are forgotten when they were seen, once.
func TestSpendUnseenCodes_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		got, err := b.FindUnseenCodes(t.Context(), "ann", noon)
		if err != nil || !slices.Equal(got, []string{"unseenbackupcode"}) {
			t.Errorf("unseen codes are %q, %v", got, err)
		}
		_, err = b.FindUnseenCodes(t.Context(), "ann", noon.Add(auth.BackupCodesUnseenLifetime))
		wantNotFound(t, err)
		b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return s.SpendUnseenCodes(ctx, "ann") })
		_, err = b.FindUnseenCodes(t.Context(), "ann", noon)
		wantNotFound(t, err)
	})
}

// BC-05: a new set kills the old one, whole.
func TestReplaceBackupCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		set := codes("ann", "n1", "n2", "n3")
		set.Salt = "new salt"
		replaced, err := b.ReplaceBackupCodes(t.Context(), set.BackupCodeSet, auth.ChangeSet{At: noon})
		wantTrue(t, replaced, err)
		spent, err := b.SpendBackupCode(t.Context(), "ann", "h1", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "n1", auth.ChangeSet{At: noon})
		wantTrue(t, spent, err)
		if salt, err := b.FindBackupSalt(t.Context(), "ann"); err != nil || salt != "new salt" {
			t.Errorf("the salt is %q, %v", salt, err)
		}
	})
}

// Codes stand in for a second factor; without one there are none.
func TestReplaceBackupCodes_WithoutFactor(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.give(t, "ann", auth.AddUser{User: user("ann"), CreatedAt: noon}, session("ann", "s1"))
		b.give(t, "ann", phone("ann", "p1", "+4915100000001"))
		replaced, err := b.ReplaceBackupCodes(t.Context(), codes("ann", "h1").BackupCodeSet, auth.ChangeSet{At: noon})
		wantFalse(t, replaced, err)
		told, err := b.ReservePhone(t.Context(), "ann", "p1", auth.ChangeSet{At: noon})
		wantTrue(t, told, err)
		replaced, err = b.ReplaceBackupCodes(t.Context(), codes("ann", "h1").BackupCodeSet, auth.ChangeSet{At: noon})
		wantTrue(t, replaced, err)
	})
}

// A set that the person may have on paper is not replaced by another factor's.
func TestGrant_BackupCodesStay(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "ann", codes("ann", "x1", "x2", "x3"))
		f, err := b.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if f.BackupCodes != 2 {
			t.Errorf("%d codes, not the 2 there were", f.BackupCodes)
		}
		spent, err := b.SpendBackupCode(t.Context(), "ann", "x1", auth.ChangeSet{At: noon})
		wantFalse(t, spent, err)
	})
}

// The codes go with the last factor, and not before.
func TestRemove_LastFactorTakesCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		left := func(want int) {
			t.Helper()
			if n := b.count(t, `SELECT count(*) FROM backup_codes`); n != want {
				t.Errorf("%d codes, not %d", n, want)
			}
		}
		grant := auth.ChangeSet{At: noon}
		told, err := b.ReservePhone(t.Context(), "ann", "p1", grant)
		wantTrue(t, told, err)
		told, err = b.RemoveTOTP(t.Context(), "ann", grant)
		wantTrue(t, told, err)
		left(2)
		told, err = b.ReleasePhone(t.Context(), "ann", "p1", grant)
		wantTrue(t, told, err)
		left(0)
		told, err = b.ReservePhone(t.Context(), "ann", "p1", set("ann", codes("ann", "h9")))
		wantTrue(t, told, err)
		left(1)
		told, err = b.RemovePhone(t.Context(), "ann", "p1", true, grant)
		wantTrue(t, told, err)
		left(0)
	})
}
