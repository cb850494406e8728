package views

import (
	"strconv"

	"twostep/auth"
)

// makes names some makes of authenticators by their AAGUID. It is what the client says,
// so the name only helps to recognise a passkey (PK-14).
var makes = map[string]string{
	"08987058cadc4b81b6e130de50dcbe96": "Windows Hello",
	"0ea242b443c44a1b8b17dd6d0b6baec6": "Keeper",
	"2fc0579f811347eab116bb5a8db9202a": "YubiKey 5",
	"50726f746f6e5061737350726f746f6e": "Proton Pass",
	"531126d6e717415c93203d9aa6981239": "Dashlane",
	"53414d53554e47000000000000000000": "Samsung Pass",
	"6028b017b1d44c02b4b3afcdafc96bb2": "Windows Hello",
	"771b48fdd3d44f749232fc157ab0507a": "Edge on Mac",
	"9ddd1817af5a4672a2b93e3dd95000a9": "Windows Hello",
	"adce000235bcc60a648b0b25f1f05503": "Chrome on Mac",
	"b53976664885aa6bcebfe52262a439a2": "Chromium",
	"b84e404815dc4dd08640f4f60813c8af": "NordPass",
	"bada5566a7aa401fbd9645619a55120d": "1Password",
	"cb69481e8ff7403993ec0a2729a154a8": "YubiKey 5",
	"d548826e79b4db40a3d811116f7e8349": "Bitwarden",
	"dd4ec289e01d41c9bb8970fa845d4bf2": "iCloud Keychain",
	"ea9b8d664d011d213ce4b6b48cb575d4": "Google Password Manager",
	"ee882879721c491397753dfcce97072a": "YubiKey 5",
	"f38095407f1449c1a8b38f813b225541": "Enpass",
	"fbfc3007154e4ecc8c0b6e020557d7bd": "Apple Passwords",
	"fdb141b25d84443e8a354698c205a502": "KeePassXC",
}

// passkeyNames returns the names of an account's passkeys. One without a name has that
// of its make, with a number if it is not the first.
func passkeyNames(passkeys []auth.Passkey) []string {
	var names []string
	seen := map[string]int{}
	for _, p := range passkeys {
		name := p.Name
		if name == "" {
			if name = makes[p.AAGUID]; name == "" {
				name = "Passkey"
			}
			if seen[name]++; seen[name] > 1 {
				name += " " + strconv.Itoa(seen[name])
			}
		}
		names = append(names, name)
	}
	return names
}

// countPasskeys says how many passkeys an account has.
func countPasskeys(passkeys []auth.Passkey) string {
	switch len(passkeys) {
	case 0:
		return "You have no passkey"
	case 1:
		return "You have 1 passkey"
	}
	return "You have " + strconv.Itoa(len(passkeys)) + " passkeys"
}
