package auth

import (
	"fmt"
	"strings"
	"testing"
)

// The table of limits in full, so that no number changes unnoticed (RL-01, RL-02, RL-08).
const limitsTable = `
sign_in ip {Max:30 Per:1m0s} too_many_attempts
sign_up ip {Max:20 Per:1h0m0s} too_many_attempts
reset ip {Max:20 Per:1h0m0s} too_many_attempts
verify ip {Max:10 Per:1m0s} too_many_attempts
verify factor {Free:5 First:30s Max:1h0m0s LockAt:100} too_many_attempts
verify mailed {At:100} mailed_code_locked
guess global {Max:1000 Per:1h0m0s} too_many_attempts
alarm global {Max:1 Per:1h0m0s} too_many_attempts
repeat ip {Max:30 Per:1m0s} too_many_attempts
repeat factor {Max:5 Per:1h0m0s} too_many_attempts
send_code recipient {Max:1 Per:30s} too_many_codes
send_code recipient {Max:5 Per:1h0m0s} too_many_codes
send_code recipient {Max:10 Per:24h0m0s} too_many_codes
send_code mailbox {Max:20 Per:24h0m0s} too_many_codes
send_code account {Max:10 Per:1h0m0s} too_many_codes
send_code ip {Max:20 Per:1h0m0s} too_many_codes
send_mail global {Max:50000 Per:24h0m0s} mail_budget_exhausted
send_sms global {Part:1 Of:1} sms_budget_exhausted
send_sms home {Part:3 Of:4} sms_budget_exhausted
send_sms country {Part:1 Of:4} sms_budget_exhausted
send_sms network {Part:1 Of:4} sms_budget_exhausted
enrol_sms global {Part:1 Of:2} sms_budget_exhausted
enrol_sms home {Part:3 Of:8} sms_budget_exhausted
enrol_sms country {Part:1 Of:8} sms_budget_exhausted
enrol_sms network {Part:1 Of:10} sms_budget_exhausted
warn global {Part:1 Of:4} sms_budget_exhausted
add_phone account {Max:20 Per:24h0m0s} too_many_codes
account account {Max:60 Per:1h0m0s} too_many_attempts
invite global {Max:500 Per:1h0m0s} too_many_invitations
invite recipient {Max:3 Per:24h0m0s} too_many_invitations
handover account {Max:60 Per:1m0s} too_many_attempts
draw_qr account {Max:60 Per:1m0s} too_many_attempts
app_start ip {Max:120 Per:1m0s} too_many_attempts
app_push ip {Max:600 Per:1m0s} too_many_attempts
app_guess factor {Max:30 Per:1m0s} too_many_attempts
app_grant account {Max:300 Per:1h0m0s} too_many_attempts
notify factor {Max:1 Per:1h0m0s} too_many_codes
notice recipient {Max:3 Per:1h0m0s} too_many_codes
remind account {Max:1 Per:24h0m0s} too_many_codes
summary recipient {Max:1 Per:1h0m0s} too_many_codes
`

func TestLimits_EachNumber(t *testing.T) {
	var got strings.Builder
	for _, row := range limits {
		fmt.Fprintf(&got, "%s %s %+v %s\n", row.action, row.by, row.limiter, row.reason)
	}
	if want := strings.TrimPrefix(limitsTable, "\n"); got.String() != want {
		t.Errorf("the table is\n%swant\n%s", got.String(), want)
	}
}
