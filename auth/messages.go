package auth

import (
	"strings"
	"time"
)

// A Channel is how a message is sent.
type Channel string

// The channels.
const (
	ByEmail Channel = "email"
	BySMS   Channel = "sms"
	ToApps  Channel = "app" // of all apps together, see [AppChannel]
)

// Channels lists every channel.
var Channels = []Channel{ByEmail, BySMS, ToApps}

// AppChannel is the channel of the messages to one app. Each app has one, so that an app
// that does not respond delays no other.
func AppChannel(app string) Channel { return ToApps + ":" + Channel(app) }

// Kind returns the channel of which this is one: [ToApps] for that of an app.
func (c Channel) Kind() Channel {
	kind, _, _ := strings.Cut(string(c), ":")
	return Channel(kind)
}

// A MessageKind is what a message says; views has the text.
type MessageKind string

// The messages that are no events; a notice of an event has the name of its
// [EventType]. A message with a code carries nothing else; notices carry no code.
const (
	MessageSignUpCode MessageKind = "sign_up_code"
	MessageSignInCode MessageKind = "sign_in_code"
	MessageReauthCode MessageKind = "reauth_code"
	MessageResetCode  MessageKind = "reset_code"
	MessagePhoneCode  MessageKind = "phone_code"
	MessageEmailCode  MessageKind = "email_code"
	MessageEmailTaken MessageKind = "email_taken"
	MessageInvitation MessageKind = "invitation"

	MessageRecoveryCode    MessageKind = "recovery_code"
	MessageRecoveryRefused MessageKind = "recovery_refused" // instead of a code: the account cannot be recovered now
	MessageMFAReminder     MessageKind = "mfa_reminder"     // of an [MFADeadline]

	MessageLogout MessageKind = "logout" // to an app, see [NewLogoutMessage]; it has no text

	messageDecoy MessageKind = "decoy" // see [Rules.decoy]
)

// MessageKinds lists every kind that users read, for the test that each has a text.
func MessageKinds() []MessageKind {
	all := []MessageKind{
		MessageSignUpCode, MessageSignInCode, MessageReauthCode, MessageResetCode, MessagePhoneCode, MessageEmailCode,
		MessageEmailTaken, MessageInvitation, MessageMFAReminder, MessageRecoveryCode, MessageRecoveryRefused,
	}
	for _, event := range EventTypes {
		if notified[event] {
			all = append(all, MessageKind(event))
		}
	}
	return all
}

// A Message is the facts of an email or SMS, from which views renders the text
// when it is sent. The store encrypts it, because it may hold a code.
type Message struct {
	ID        string
	Channel   Channel
	To        string // email address, E.164 number or client ID
	Kind      MessageKind
	At        time.Time // of the event
	ExpiresAt time.Time // not sent after this
	Code      string
	Number    string    // of the phone, E.164
	Email     string    // the address that was added, changed or removed
	App       string    // the app, role or day that it is about
	Token     Token     // of the link: stops a change of the sign-in address or a recovery, or accepts an invitation
	Due       time.Time // when a recovery is due, or can be requested; zero for never
	Left      int       // backup codes left
	Added     *Added    // of a reset: what was added lately
	Operated  bool      // an administrator or a command did it
	Summary   bool      // there were more events of this kind, and no more notices of it follow for an hour
	IP        string    // of the client
	UserAgent string    // of the client
	Failures  int       // how often sending has failed

	// Of a message to an app.

	User    UserID
	Session SessionID

	// Holder is the attempt or enrolment whose page may show the delivery. It is
	// empty if no page may, see [Rules.queueResetCode].
	Holder string `json:"-"`
}

// Added is what has been added to an account lately, for the owner to recognise.
type Added struct {
	TOTP     bool
	Passkeys int
	Numbers  []string // of phones, E.164
	Email    string   // the second address, whenever it was added; empty if there is none
}

// notice is an email that notifies an account's owner of an event.
func (r *Rules) notice(kind MessageKind, to string, client Client, now time.Time) Message {
	return Message{
		ID: newID(), Channel: ByEmail, To: to, Kind: kind, At: now, ExpiresAt: now.Add(MessageRetention),
		IP: client.ip(), UserAgent: cutUserAgent(client.UserAgent),
	}
}

// decoy is a message that is queued and claimed but not sent, where an account would
// have got one: so an unknown email address causes the same transactions, before the
// response and after it (FF-04, RC-01). It does not outlive the message of a code.
func (r *Rules) decoy(to string, now time.Time) Message {
	m := r.notice(messageDecoy, to, Client{}, now)
	m.ExpiresAt = now.Add(r.policy().CodeLifetime)
	return m
}

// NewLogoutMessage tells an app that a session of an account has ended, or all of them if
// none is given (OI-50). Package oidc signs it when it is sent.
func NewLogoutMessage(app string, user UserID, session SessionID, now time.Time) Message {
	return Message{
		ID: newID(), Channel: AppChannel(app), To: app, Kind: MessageLogout, At: now, ExpiresAt: now.Add(MessageRetention),
		User: user, Session: session,
	}
}
