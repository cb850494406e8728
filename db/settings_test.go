package db

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

// Of several operators who change a setting at once, one does: the others see first what
// it is now.
func TestPutSetting_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		put := func(ctx context.Context, s *Store, was, value string) (bool, error) {
			err := s.Apply(ctx, set("", auth.PutSetting{StoredSetting: auth.StoredSetting{Setting: "a", Value: value}, Was: was, By: "ann"}))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		}
		for round, was := range []string{"", "first"} {
			if n := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
				return put(ctx, s, was, fmt.Sprint("value", i))
			}); n != 1 {
				t.Errorf("round %d: %d changed it, want 1", round, n)
			}
			found, err := db.FindSettings(t.Context())
			must(t, err)
			if len(found) != 1 || found[0].Setting != "a" || found[0].Value == was {
				t.Errorf("settings are %v", found)
			}
			changed, err := put(t.Context(), db.Store, found[0].Value, "first")
			wantTrue(t, changed, err)
		}
	})
}

// An account counts for the only kind of second factor that it has.
func TestCountOnlyFactor(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		app := func(id auth.UserID) auth.Change {
			return auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key of twenty byte"), AddedAt: noon}}
		}
		sms := func(id auth.UserID, number string, reserved bool) auth.Change {
			p := phone(id, auth.PhoneID(string(id)+number), number)
			if reserved {
				p.ReservedAt = noon
			}
			return p
		}
		for id, changes := range map[auth.UserID][]auth.Change{
			"app":             {app("app")},
			"app and number":  {app("app and number"), sms("app and number", "+4915100000001", false)},
			"sms":             {sms("sms", "+4915100000001", true), sms("sms", "+4915100000002", true)},
			"app and sms":     {app("app and sms"), sms("app and sms", "+4915100000001", true)},
			"passkeys":        {passkey("passkeys", "k1"), passkey("passkeys", "k2"), passkey("passkeys", "k3")},
			"passkey and app": {passkey("passkey and app", "k4"), app("passkey and app")},
			"none":            nil,
		} {
			db.apply(t, id, append([]auth.Change{auth.AddUser{User: user(id), CreatedAt: noon}}, changes...)...)
		}
		for kind, want := range map[auth.FactorKind]int{auth.TOTPCode: 2, auth.PhoneCode: 1, auth.PasskeyPresent: 1} {
			if c, err := db.CountOnlyFactor(t.Context(), kind, 9); c.N != want || c.Partial || err != nil {
				t.Errorf("%s: %+v, %v", kind, c, err)
			}
		}
		if c, err := db.CountOnlyFactor(t.Context(), auth.TOTPCode, 2); c.Of != 2 || !c.Partial || err != nil {
			t.Errorf("past the limit: %+v, %v", c, err)
		}
	})
}
