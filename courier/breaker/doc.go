// Package breaker looks at each message as it passes and stops what no practice's ordinary day explains.
//
// It stands behind the approvals and the budgets and believes neither: it is for the day on which one of them has a hole. A Sight is what there
// is to see of a message: whose, by which version, rule or order, the digest of its text, the hosts it leads to, how many keys signed it, when
// it was first used. Look answers each with nothing, or with a Freeze: the narrowest stop that contains it, and why, in words.
//
// What trips it, and what is stopped:
//
//	unpaced     more than 20 messages of a text in the first quarter of an hour of its use, or of one whose first use nobody knows
//	            → the order, letter or version
//	same text   a new text, in 4 practices within an hour with a link, in 8 without, in 10 where two keys signed → the text, everywhere
//	same host   a host in new texts, new to 3 practices within an hour where the platform does not know it, to 10 where it does or where two keys
//	            signed the practice's list of hosts → the host, everywhere
//	odd hour    more than 5 messages of a new text with a host new to the practice, signed by fewer than two keys, at an hour of the week at which
//	            the practice has sent nothing for five weeks → the order, letter or version
//	rush        rules, letters and grants of a practice in ten minutes come to four times its busiest ten minutes of five weeks, and to more
//	            than 200, without a surge permit → the rule, letter or grant that most of it is, else the practice
//	many stops  a third stop of one practice within an hour → the practice; stops in 8 practices within an hour → everything
//
// Promises: the message that trips it does not go, nor any other that the stop contains, until Lift. No stop for a practice that goes about its
// days (the simulation in its tests). Bounded memory: what is forgotten about the past makes odd hour and rush silent, never unpaced, same text
// or same host.
//
// Never: an address, a name or a text kept; a clock of its own; a decision by a model that nobody can say in a sentence.
package breaker

import "time"

// What trips it.
const (
	PacedMost   = 20               // messages of a text in the first quarter of an hour
	pacedFor    = 14 * time.Minute // a little less than package budget's hold, so that clocks need not agree
	newFor      = 24 * time.Hour   // so long is a text, host or approval new
	together    = time.Hour
	textLinked  = 4
	textPlain   = 8
	hostUnknown = 3
	signedTwice = 10 // practices, for a text that two keys signed or a host that is known
	oddMost     = 5
	oddAfter    = 14 // days of a practice's history before odd hour and rush can be told
	memory      = 35 // days
	rushLeast   = 200
	rushTimes   = 4
	stopsMost   = 3

	stopsEverywhere = 8 // practices

	mostTexts     = 50_000 // texts and hosts of practices within an hour
	mostPractices = 20_000
	mostHosts     = 64 // of a practice
	mostKnown     = 100_000
)
