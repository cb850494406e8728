package auth

import (
	"context"
	"slices"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// mailLimits limits mailing codes to an address that anybody can enter (SM-07, RL-08).
func (r *Rules) mailLimits(client Client, email Email, known bool, account string) []RateLimit {
	recipient := deviceCounter(email.Key, known)
	if !known {
		recipient = append([]string{client.network()}, recipient...)
	}
	to := subjects{ByRecipient: recipient, ByMailbox: deviceCounter(email.Mailbox(), known), ByAccount: deviceCounter(account, known)}
	limits := r.limits(ActionSendCode, to.fromDevice(client, known, email.Key))
	if !known {
		limits = append(limits, r.limits(ActionSendMail, nil)...)
	}
	return limits
}

// allowSMS limits sending codes by SMS, also to ordinary numbers of the
// operator's countries, and by shares of the daily budget (SM-07, RL-08). to names the
// recipient, the account and the network; more are further actions to count.
func (r *Rules) allowSMS(ctx context.Context, now time.Time, number string, to subjects, more ...Action) error {
	country := regionOf(number)
	if mayCost(number) {
		return &Problem{Reason: PhoneTypeBlocked, Field: "phone"}
	}
	if !r.allowsCountry(number) {
		return &Problem{Reason: PhoneCountryBlocked, Field: "phone"}
	}
	switch {
	case len(r.policy().SMSCountries) == 1: // it has no other to share with
	case country == r.policy().Region:
		to[ByHome] = []string{country}
	default:
		to[ByCountry] = []string{country}
	}
	var all []RateLimit
	for _, action := range append([]Action{ActionSendCode, ActionSendSMS}, more...) {
		all = append(all, r.limits(action, to)...)
	}
	return r.allow(ctx, now, all...)
}

// allowsCountry reports whether the operator lets SMS be sent to the country of a number.
func (r *Rules) allowsCountry(number string) bool {
	allowed := r.policy().SMSCountries
	return len(allowed) == 0 || slices.Contains(allowed, regionOf(number))
}

// mayCost reports whether an SMS to a number could cost far more than to another
// one: premium-rate, shared-cost, toll-free, satellite and other special numbers.
// Fraudsters own such numbers and share what each SMS costs.
func mayCost(number string) bool {
	n, err := phonenumbers.Parse(number, "")
	if err != nil || phonenumbers.GetRegionCodeForNumber(n) == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
		return true // +979 and satellites have no country
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.FIXED_LINE:
		return false
	}
	return true
}
