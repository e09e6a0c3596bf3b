package notice

import (
	"slices"

	"letterhead/message"
	"letterhead/wording"
)

const language = "en"

// entry is one notice in words. Every string is ours; {appointment.day}, {appointment.start} and {appointment.zone} are when it was noticed: the fields of
// an instant that a wording has.
type entry struct {
	kind       Kind
	key        string
	subject    string
	paragraphs []string
	button     string
	sms        string
}

const when = "{appointment.day}, {appointment.start} ({appointment.zone})"

// version lays a notice out: plain, with one button.
func (e entry) version(sender wording.Sender) *wording.Version {
	blocks := []wording.Block{wording.Heading(e.subject), wording.Text(e.paragraphs...), wording.Button(e.button, wording.Target{Kind: wording.ToOwn})}
	why := "You get this because you are a team member of a practice that uses Letterhead. It comes from Letterhead, not from the practice."
	doubt := "Not sure that it is real? Open Letterhead the way you always do: everything it says stands there too. We never ask for a password, a code or a payment in a message."
	if e.kind == Invitation {
		why = "You get this because somebody at a practice typed this address. If that means nothing to you, do nothing: the link ends by itself after seven days."
		doubt = "Not sure that it is real? Ask the person who invited you, in a way that you know. We never ask for a payment in a message."
	}
	blocks = append(blocks, wording.Footer(wording.Say(why), wording.Say(doubt)))
	l := wording.Language{Tag: language, Subject: wording.Say(e.subject), Blocks: blocks}
	if e.sms != "" {
		l.SMS = wording.SMS("Letterhead: " + e.sms)
	}
	return &wording.Version{Format: wording.Format, Purpose: wording.Transactional, Sender: sender, DefaultLanguage: language, Hosts: []string{},
		Branding: wording.Branding{Name: "Letterhead", Accent: "#1f4e79"}, Languages: []wording.Language{l}}
}

func english() []entry {
	out := []entry{
		{Invitation, "invitation", "You are invited to a team", []string{
			"Somebody at a practice that uses Letterhead would like you in their team.",
			"Letterhead is the practice’s calendar and its messages. The button leads to a page that says who invites you, before you decide anything.",
			"The link is for you alone and works for seven days."}, "See the invitation", ""},
		{Asked, "asked", "Something waits for your signature", []string{
			"A colleague signed something at the signing desk, and it needs a second signature before it counts. Seen " + when + ".",
			"Until then nothing changes. If you do not know what it is about, ask your colleague before you sign."}, "See what waits", ""},
		{Begins, "begins", "Signed, and takes effect soon", []string{
			"Something was signed with a signing key of your practice. It takes effect when its wait of half an hour, or more, is over. Noticed " + when + ".",
			"If you signed it, there is nothing to do.",
			"If you did not, withdraw it now: open the signing desk from the page behind the button, then stop sending and revoke the key."}, "See it, or withdraw it",
			"something was signed at your practice and takes effect after a wait of half an hour or more. Not you? Open Letterhead and withdraw it at the signing desk."},
		{KeyAdded, "key-added", "A signing key was added", []string{
			"A signing key, or a recovery sheet, was added at your practice. Noticed " + when + ".",
			"Whoever has it can sign what their role may sign. If you do not know of it, revoke it at the signing desk and stop sending."}, "See the signing keys",
			"a signing key was added at your practice. Not expected? Open Letterhead and revoke it at the signing desk."},
		{KeyRevoked, "key-revoked", "A signing key was revoked", []string{
			"A signing key, or a recovery sheet, of your practice was revoked. Noticed " + when + ".",
			"It signs nothing any more. If you do not know of it, ask the other owners, and look at what was signed lately."}, "See the signing keys",
			"a signing key of your practice was revoked. Not expected? Open Letterhead and look at the signing keys."},
		{Device, "device", "A sign-in from another device", []string{
			"Somebody signed in as you from a device that you had not used before. Noticed " + when + ".",
			"If it was you, there is nothing to do.",
			"If it was not, end that session and change how you sign in."}, "See where you are signed in", ""},
		{Changed, "changed", "How you sign in was changed", []string{
			"A password, a second factor or a passkey of yours was added, changed or removed. Noticed " + when + ".",
			"If it was you, there is nothing to do. If it was not, end the other sessions and tell an owner of your practice now."}, "See how you sign in", ""},
	}
	return slices.Concat(out, unsigned(), stopped(), incidents())
}

// An incident, and again when nobody read of it. What it is about is on the page alone.
func incidents() []entry {
	return []entry{
		{Incident, "incident", "An incident concerns your practice", []string{
			"Something went wrong with messages in practices’ names, and yours is among them. Noticed " + when + ".",
			"The page behind the button says what is known and what is not: which messages, how many clients, what is stopped, and what you can tell them. It is kept up to date.",
			"Nothing is asked of you in this message."}, "See what is known",
			"an incident concerns messages in your practice’s name. Open Letterhead: the page Incidents says what is known."},
		{Incident, "incident-unread", "Not read yet: an incident concerns your practice", []string{
			"We told you of an incident that concerns messages in your practice’s name, and nobody of your team has opened its page. Noticed " + when + ".",
			"There may be something that only your practice can decide, such as what to tell your clients."}, "See what is known",
			"nobody of your team has opened the page of an incident that concerns your practice. Open Letterhead: Incidents."},
	}
}

// The forms of held messages, by how many.
func unsigned() []entry {
	var out []entry
	for _, n := range []struct{ form, many string }{{"one", "One message is"}, {"few", "Some messages are"}, {"many", "More than ten messages are"}, {"hundreds", "More than a hundred messages are"}} {
		out = append(out, entry{Unsigned, "unsigned-" + n.form, "Messages wait for a signature", []string{
			n.many + " held because what they carry is not signed. Counted " + when + "; we tell you once a day at most.",
			"They go as soon as it is signed. What is too late by then is not sent."}, "See what is to be signed", ""})
	}
	return out
}

// howMany is the form for a number of held messages.
func howMany(n int) string {
	switch {
	case n <= 1:
		return "one"
	case n <= 10:
		return "few"
	case n <= 100:
		return "many"
	}
	return "hundreds"
}

// parts say what is stopped. The things themselves are not named: their names are somebody's text.
var parts = map[message.Scope]string{
	message.StopPractice: "All messages of your practice were stopped", message.StopWording: "Messages of one template were stopped", message.StopVersion: "Messages of one version of a template were stopped",
	message.StopRule: "One automatic message was stopped", message.StopOrder: "One bulk message was stopped", message.StopLetter: "One message to a client was stopped", message.StopGrant: "What one program may send was stopped",
	message.StopHost: "Messages with links to one address were stopped", message.StopLink: "Messages with one link were stopped", message.StopText: "Messages of one text were stopped", message.StopMember: "What one team member signed was stopped",
	message.StopCredential: "Messages of one program were stopped",
}

// The forms of a stop: by whom, and what.
func stopped() []entry {
	var out []entry
	for _, by := range []struct{ form, say string }{
		{"person", "A team member stopped it"}, {"breaker", "Letterhead stopped it by itself: no ordinary day explains what was about to be sent"}, {"other", "It was stopped by the people who run Letterhead, or by a program that your practice lets in"},
	} {
		for scope, what := range parts {
			out = append(out, entry{Stopped, "stopped-" + by.form + "-" + string(scope), "Sending was stopped", []string{
				what + ". " + by.say + ". Noticed " + when + ".",
				"Nothing is lost: what is held is kept. Calendar and files stay open.",
				"To lift the stop, look first at what was about to go. Then an owner or manager signs the lift at the signing desk."}, "See what is stopped, and lift it",
				what + ". Nothing is lost. Open Letterhead to see why, and to lift it."})
		}
	}
	return out
}
