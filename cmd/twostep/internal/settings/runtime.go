package settings

import (
	"net/url"
	"os"
	"slices"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
)

// RuntimeFlags are the flags of what operators can also change while the site runs,
// unless the flag is given.
type RuntimeFlags struct {
	Factors    string `env:"TWOSTEP_FACTORS" default:"passkey,totp,sms,backup_code" help:"Enabled second factors, separated by commas: passkey, totp, sms, backup_code."`
	RequireMFA bool   `name:"require-mfa" env:"TWOSTEP_REQUIRE_MFA" help:"Require every user to set up a second factor."`
	Reverify   string `env:"TWOSTEP_REVERIFY" default:"strict" enum:"strict_mfa,strict,moderate,lax" help:"Re-authentication before sensitive changes: strict_mfa (both factors within 10 minutes), strict (the second factor within 10 minutes), moderate (within 1 hour) or lax (within 1 day)."`
	SignUp     string `env:"TWOSTEP_SIGN_UP" default:"open" help:"Who may create an account: open (anyone), closed (operators only), or anyone with an email address of some domains, such as @acme.example,@acme.test."`
}

// put sets the policy to the values of the flags.
func (f RuntimeFlags) put(err *error, p *auth.Policy) {
	p.Factors = cli.Parse(err, "--factors", f.Factors, parseFactors)
	p.RequireMFA, p.Reauth = f.RequireMFA, auth.ReauthPresets[f.Reverify]
	p.SignUpOpen, p.SignUpDomains = f.SignUp != signUpClosed, cli.Parse(err, "--sign-up", f.SignUp, parseSignUp)
}

// Policy returns the policy of these flags, and nothing else in it.
func (f RuntimeFlags) Policy(given cli.Given) (p auth.Policy, err error) {
	f.put(&err, &p)
	p.Fixed = Fixed(given)
	return p, err
}

// Fixed returns the settings whose flag was given on the command line or by the
// environment. A default is not given.
func Fixed(given cli.Given) map[auth.Setting]string {
	fixed := map[auth.Setting]string{}
	for setting, flag := range map[auth.Setting]string{
		auth.SettingPasskeys: "factors", auth.SettingTOTP: "factors", auth.SettingSMS: "factors", auth.SettingBackupCodes: "factors",
		auth.SettingRequireMFA: "require-mfa", auth.SettingSignUp: "sign-up", auth.SettingReverify: "reverify",
	} {
		if _, set := os.LookupEnv(cli.Variable(flag)); set || slices.Contains(given, flag) {
			fixed[setting] = "--" + flag
		}
	}
	return fixed
}

// FixPasskeys turns passkeys off for good if browsers do not offer them on the site.
func FixPasskeys(p *auth.Policy, origin *url.URL) {
	if SupportsPasskeys(origin) {
		return
	}
	p.Factors = slices.DeleteFunc(p.Factors, func(kind auth.FactorKind) bool { return kind == auth.PasskeyPresent })
	p.Fixed[auth.SettingPasskeys] = "--url"
}
