package text

// A code that a caller reads out.
var codeEnglish = map[string]string{
	"code.title":         "Is this message from us?",
	"code.line":          "Somebody rings and reads out the code at the end of a mail",
	"code.ask":           "The caller’s code",
	"code.code":          "Code",
	"code.how":           "Ten letters and digits at the end of each of our mails, such as K7QF-3M9P-XD. Text messages have none.",
	"code.check":         "Check",
	"code.answer":        "Code %s",
	"code.wrong":         "That is not a code. Ask the caller to read it again: ten letters and digits, such as K7QF-3M9P-XD.",
	"code.often":         "You asked often. Wait a few seconds, then try again.",
	"code.elsewhere":     "That cannot be told here. Ask whoever runs Letterhead.",
	"code.sent":          "We sent a mail with this code",
	"code.sent-say":      "It left %s and nothing of it is withdrawn. A forger can copy a code: ask the caller what the mail wants of them, and where its links lead.",
	"code.links":         "Its links lead only to these sites. A link to anywhere else is not ours:",
	"code.no-links":      "It has no links: if the caller’s has one, it is not what we sent.",
	"code.withdrawn":     "Do not act on it",
	"code.withdrawn-say": "A mail with this code left %s and was withdrawn or stopped since. Tell the caller not to follow its links, pay, or give any details, and note who rang.",
	"code.erased":        "Sent, and erased",
	"code.erased-say":    "A mail with this code left %s. What it said has been erased since, so nobody can compare it. Tell the caller what you know from their file instead.",
	"code.not-ours":      "Not ours",
	"code.not-ours-say":  "No mail of this practice has this code. Ask the caller to read it once more. If it stays so, tell them not to act on the mail, and tell whoever looks after security here.",
	"code.message":       "Open the message",
	"code.own":           "For your website",
	"code.own-say":       "Clients can check codes for themselves. Link to this page from your own website; it has your name and knows your mails alone. It is at the address of the public pages:",
}
