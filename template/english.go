package template

// english is the starter set in English.
func english() tongue {
	const family = "{attendee.greeting_name|your family member}"
	return tongue{
		tag:   "en",
		hello: "Hello {recipient.greeting_name},", regards: "Kind regards,", ring: "Ring us", confirm: "Confirm", decline: "I can’t come",
		change: reached{"If the time does not suit you, ring {practice.phone} and we will find another.",
			"If the time does not suit you, write to {practice.email} and we will find another.", "If the time does not suit you, answer this mail and we will find another."},
		early: reached{"Can’t make it? Ring {practice.phone} as early as you can, so that somebody else can have the time.",
			"Can’t make it? Write to {practice.email} as early as you can, so that somebody else can have the time.",
			"Can’t make it? Answer this mail as early as you can, so that somebody else can have the time."},
		again: reached{"To book another time, ring {practice.phone}.", "To book another time, write to {practice.email}.", "To book another time, answer this mail."},
		doubt: reached{"Not sure that this message is from us? Ring {practice.phone} and ask.", "Not sure that this message is from us? Write to {practice.email} and ask.",
			"Not sure that this message is from us? Ask at the desk."},
		because: "You get this because you, or somebody you look after, have an appointment with us. " +
			"To choose how we reach you, or to hear nothing from us, tell us at the desk or answer this mail.",
		never:      "We never ask for a password or a payment in a message.",
		directions: "{location.directions|Ask us if you need help finding us.}",
		video:      "This appointment is by video. Find a quiet place and a screen with a camera.",
		phone:      "This appointment is by phone. We ring you; please keep your phone near.",
		smsOther:   "It is for {attendee.first_name|your family member}.", smsVideo: "By video.",
		booked: said{"Booked: {appointment.day} at {appointment.start}", "{appointment.day}, {appointment.start} with {appointment.practitioner}",
			"Your appointment is booked. We look forward to seeing you.", "An appointment is booked for " + family + ".",
			"{practice.name}: booked for {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
			"To change it ring {practice.phone}", "To change it please get in touch with us."},
		changed: said{"New time: {appointment.day} at {appointment.start}", "The appointment is now on {appointment.day} at {appointment.start}",
			"Your appointment has changed. This is how it stands now:", "The appointment of " + family + " has changed. This is how it stands now:",
			"{practice.name}: the appointment is now on {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
			"Questions? {practice.phone}", "Questions? Please ask us."},
		cancelled: said{"Cancelled: {appointment.day} at {appointment.start}", "The appointment on {appointment.day} will not take place",
			"Your appointment on {appointment.day} at {appointment.start} with {appointment.practitioner} is **cancelled**. Please do not come for it.",
			"The appointment of " + family + " on {appointment.day} at {appointment.start} with {appointment.practitioner} is **cancelled**. Please do not come for it.",
			"{practice.name}: the appointment on {appointment.day_short}, {appointment.start} is cancelled.",
			"To book again ring {practice.phone}", "To book again please get in touch with us."},
		week: said{"Coming up: {appointment.day} at {appointment.start}", "A reminder from {practice.name}",
			"This is a reminder of your appointment.", "This is a reminder of the appointment of " + family + ".",
			"Reminder from {practice.name}: {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
			"Can't make it? {practice.phone}", "Can't make it? Please tell us."},
		days: said{"Reminder: {appointment.day} at {appointment.start}", "{appointment.day}, {appointment.start} with {appointment.practitioner}",
			"We see you soon. This is a reminder of your appointment.", "This is a reminder of the appointment of " + family + ".",
			"Reminder from {practice.name}: {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
			"Can't make it? {practice.phone}", "Can't make it? Please tell us."},
		news: "News from {practice.name}", text: "Here is what is new with us. Write your news in this place.",
		agreed: "You get this because you agreed to news from us.", unsubscribe: "No more of these",
	}
}
