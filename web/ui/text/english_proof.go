package text

// What exactly was sent: a message held against its entry in the record.
var proofEnglish = map[string]string{
	"proof.title":         "What exactly was sent",
	"proof.same":          "As on record",
	"proof.same-say":      "Made again from what was merged, this message is to the last byte what is on record as sent.",
	"proof.differs":       "Not as on record",
	"proof.differs-say":   "Made again from what is stored now, this is not what is on record as sent. What differs: %s. Something that is stored was changed since, or the program writes messages another way today. Tell whoever runs Letterhead.",
	"proof.changed":       "Changed",
	"proof.changed-say":   "What is stored with this message is not what it was made of: it was changed since, so what it said cannot be made again. Its entry in the record is not touched by that. Tell whoever runs Letterhead.",
	"proof.none":          "Not on record",
	"proof.none-say":      "No entry in the record is of this message. Nothing leaves without one, so the record was changed, or this message was. Tell whoever runs Letterhead.",
	"proof.damaged":       "Record changed",
	"proof.damaged-say":   "An entry in the record is of this message, and it is not the one that was signed: the record was changed. Tell whoever runs Letterhead.",
	"proof.erased":        "Cannot be compared",
	"proof.erased-say":    "What was merged is not there, so the message cannot be made again. What is on record of it stays.",
	"proof.elsewhere":     "Not compared here",
	"proof.elsewhere-say": "This is compared where messages leave. Ask whoever runs Letterhead.",
	"proof.signed":        "Signed state",
	"proof.young":         "not signed yet; that is done every minute",
	"proof.sum":           "SHA-256",
	"proof.source":        "Download as sent",
	"proof.part-version":  "the template’s version",
	"proof.part-links":    "where links lead",
	"proof.part-text":     "the message as a whole",
	"proof.part-words":    "its words",
	"words.changed":       "What it said cannot be shown: what is stored with it was changed since it left.",
}
