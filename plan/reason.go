package plan

// Reason is a key from the documented list (docs/reasons.md): why a line will be sent when it will, or why it will not.
type Reason string

// Why something will be sent, and when.
const (
	Planned  Reason = "planned"                 // at the instant the rule names
	Earlier  Reason = "earlier-for-quiet-hours" // moved to the last allowed minute before the recipient's night
	Morning  Reason = "morning-after-quiet-hours"
	FellBack Reason = "other-channel" // the rule allows the other channel where the preferred one has no address
	Late     Reason = "late"          // its instant has passed, and it is still of use
)

// Why something will not be sent.
const (
	// The appointment and the client's place in it.
	Cancelled     Reason = "appointment-cancelled"
	Rescheduled   Reason = "appointment-rescheduled"
	InError       Reason = "entered-in-error"
	Moved         Reason = "appointment-moved"
	Gone          Reason = "appointment-gone"
	Died          Reason = "client-died"
	Started       Reason = "appointment-past"
	Arrived       Reason = "arrived"
	NoShow        Reason = "no-show"
	Declined      Reason = "declined"
	NotAttended   Reason = "not-attended"
	Archived      Reason = "client-archived"
	AlreadySent   Reason = "already-sent"
	ConfirmedNow  Reason = "already-confirmed"
	NotTold       Reason = "never-announced"
	ToldByBooking Reason = "part-of-booking"
	MovedBack     Reason = "moved-back"
	Imported      Reason = "imported"

	// What the rule says.
	OtherService      Reason = "rule-service"
	OtherLocation     Reason = "rule-location"
	OtherPractitioner Reason = "rule-practitioner"
	OtherStatus       Reason = "rule-status"
	RuleOff           Reason = "rule-off"
	NotPlanned        Reason = "not-planned"
	NoWording         Reason = "no-wording"
	PracticeClosed    Reason = "practice-closed"

	// What the recipient chose and can be reached by.
	WantsNone   Reason = "prefers-none"
	WantsEmail  Reason = "prefers-email"
	WantsSMS    Reason = "prefers-sms"
	Withdrawn   Reason = "consent-withdrawn"
	NoEmail     Reason = "no-email-address"
	BadEmail    Reason = "bad-email-address"
	NoMobile    Reason = "no-mobile-number"
	BadMobile   Reason = "bad-mobile-number"
	NoRecipient Reason = "recipient-gone"

	// Time.
	BookedLater  Reason = "booked-later"
	MovedLater   Reason = "moved-later"
	KnownLater   Reason = "imported-later"
	RuleLater    Reason = "rule-later"
	QuietBefore  Reason = "quiet-hours-before-booking"
	QuietPast    Reason = "quiet-hours-past"
	QuietTooLate Reason = "quiet-hours-too-late"
	AfterStart   Reason = "after-start"
	TooLate      Reason = "too-late"
	Superseded   Reason = "next-reminder"
)
