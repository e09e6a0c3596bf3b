package text

var toldEnglish = map[string]string{
	"told.title":    "What Letterhead told the team",
	"told.line":     "Letterhead’s own messages to team members: to whom, when, and what became of them",
	"told.see":      "What the team was told",
	"told.when":     "Noticed",
	"told.whom":     "To",
	"told.what":     "About",
	"told.older":    "Earlier",
	"told.newest":   "Latest",
	"told.gone":     "A former team member",
	"told.none":     "Nothing was told yet",
	"told.none-say": "Letterhead writes to owners and signers when something waits for a signature, a key is added, sending is stopped, or somebody signs in from another device.",

	"told.about.invitation":  "An invitation to the team",
	"told.about.asked":       "Something waits for their signature",
	"told.about.begins":      "Something signed takes effect soon",
	"told.about.key-added":   "A signing key was added",
	"told.about.key-revoked": "A signing key was revoked",
	"told.about.stopped":     "Sending was stopped",
	"told.about.unsigned":    "Messages wait for a signature",
	"told.about.device":      "A sign-in from another device",
	"told.about.changed":     "How they sign in was changed",
	"told.about.other":       "Something else",
}
