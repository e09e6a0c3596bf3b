package text

var eraseEnglish = map[string]string{
	"erase.do":            "Erase for good",
	"erase.title":         "Erase %s for good",
	"erase.line":          "This cannot be taken back, by you or by anybody.",
	"erase.goes":          "What goes: name, date of birth, addresses and alert; the contacts; what was written to them and what they answered; what messages said; files that were made one with this one.",
	"erase.stays":         "What stays, and says nothing of the person: that there were appointments, that messages went and when, who looked, what they refused. Copies in backups end when the backups do.",
	"erase.law":           "Most countries want records of treatment kept for years. Find out how long you must keep yours before you erase one.",
	"erase.sure":          "I have found out, and this file may go",
	"fault.erase.unsure":  "Say that this file may go.",
	"erase.since":         "Erased on %s. What is left says nothing of the person.",
	"did.client-erased":   "Erased. Nothing on file says who this was.",
	"fault.client.erased": "This file was erased. Nothing is left to change.",
	"fault.client.in_use": "This client is in use. Take them out of use first.",
	"fault.erase.coming":  "An appointment is to come. Cancel it first.",
	"fault.erase.waiting": "A message to this client is on its way. Try again in a minute.",
	"fault.erase.part":    "This file is part of another. Erase that one, or take them apart first.",
}
