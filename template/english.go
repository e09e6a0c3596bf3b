package template

import "letterhead/wording"

// english is the starter set in English. Short sentences to a person, no exclamation marks; every mail stands alone as text.
func english(v wording.Version, region string) words {
	var call wording.Block // the one button
	if v.Branding.Phone != nil {
		call = wording.Button("Ring us", wording.Target{Kind: wording.ToPhone})
	}
	change := reach(v, "If the time does not suit you, ring {practice.phone} and we will find another.",
		"If the time does not suit you, write to {practice.email} and we will find another.", "If the time does not suit you, answer this mail and we will find another.")
	early := reach(v, "Can’t make it? Ring {practice.phone} as early as you can, so that somebody else can have the time.",
		"Can’t make it? Write to {practice.email} as early as you can, so that somebody else can have the time.",
		"Can’t make it? Answer this mail as early as you can, so that somebody else can have the time.")
	again := reach(v, "To book another time, ring {practice.phone}.", "To book another time, write to {practice.email}.", "To book another time, answer this mail.")
	doubt := reach(v, "Not sure that this message is from us? Ring {practice.phone} and ask.", "Not sure that this message is from us? Write to {practice.email} and ask.",
		"Not sure that this message is from us? Ask at the desk.")
	hello := wording.Text("Hello {recipient.greeting_name},")
	bye := wording.Rich(wording.Join(wording.Say("Kind regards,"), wording.NewLine(), wording.Say("{practice.name}")))
	footer := func(what string) wording.Block {
		return wording.Footer(
			wording.Say("You get this "+what+". To choose how we reach you, or to hear nothing from us, tell us at the desk or answer this mail."),
			wording.Say(doubt+" We never ask for a password or a payment in a message."))
	}
	because := footer("because you, or somebody you look after, have an appointment with us")
	directions := wording.Text("{location.directions|Ask us if you need help finding us.}").Only(wording.FirstVisit, wording.InPerson)
	video := wording.Text("This appointment is by video. Find a quiet place and a screen with a camera.").Only(wording.Telehealth)
	phone := wording.Text("This appointment is by phone. We ring you; please keep your phone near.").Only(wording.ByPhone)
	sms := func(first string, last string) []wording.Sentence {
		out := wording.SMS(first)
		out = append(out, wording.SMS("It is for {attendee.first_name|your family member}.")[0].Only(wording.ForOther), wording.SMS("By video.")[0].Only(wording.Telehealth))
		return append(out, wording.SMS(last)...)
	}
	text := func(phone, other string) string { return reach(v, phone, other, other) }
	who := func(self, other string) []wording.Block {
		return []wording.Block{hello, wording.Text(self).Only(wording.ForSelf), wording.Text(other).Only(wording.ForOther)}
	}
	with := func(first []wording.Block, rest ...wording.Block) []wording.Block {
		return some(append(first, append(rest, bye, because)...)...)
	}
	return words{
		tag: "en" + region,
		booked: wording.Language{
			Subject:   wording.Say("Booked: {appointment.day} at {appointment.start}"),
			Preheader: wording.Say("{appointment.day}, {appointment.start} with {appointment.practitioner}"),
			Blocks: with(who("Your appointment is booked. We look forward to seeing you.",
				"An appointment is booked for {attendee.greeting_name|your family member}."),
				wording.Card(true), directions, video, phone, wording.Text(change), call),
			SMS: sms("{practice.name}: booked for {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
				text("To change it ring {practice.phone}", "To change it please get in touch with us.")),
		},
		changed: wording.Language{
			Subject:   wording.Say("New time: {appointment.day} at {appointment.start}"),
			Preheader: wording.Say("The appointment is now on {appointment.day} at {appointment.start}"),
			Blocks: with(who("Your appointment has changed. This is how it stands now:",
				"The appointment of {attendee.greeting_name|your family member} has changed. This is how it stands now:"),
				wording.Card(true), directions, video, phone, wording.Text(change), call),
			SMS: sms("{practice.name}: the appointment is now on {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
				text("Questions? {practice.phone}", "Questions? Please ask us.")),
		},
		cancelled: wording.Language{
			Subject:   wording.Say("Cancelled: {appointment.day} at {appointment.start}"),
			Preheader: wording.Say("The appointment on {appointment.day} will not take place"),
			Blocks: with([]wording.Block{hello,
				wording.Rich(wording.Join(wording.Say("Your appointment on {appointment.day} at {appointment.start} with {appointment.practitioner} is "),
					wording.Strong(wording.Say("cancelled")...), wording.Say(". Please do not come for it."))).Only(wording.ForSelf),
				wording.Rich(wording.Join(wording.Say("The appointment of {attendee.greeting_name|your family member} on {appointment.day} at {appointment.start} with {appointment.practitioner} is "),
					wording.Strong(wording.Say("cancelled")...), wording.Say(". Please do not come for it."))).Only(wording.ForOther)},
				wording.Text(again), call),
			SMS: sms("{practice.name}: the appointment on {appointment.day_short}, {appointment.start} is cancelled.",
				text("To book again ring {practice.phone}", "To book again please get in touch with us.")),
		},
		week: wording.Language{
			Subject:   wording.Say("Coming up: {appointment.day} at {appointment.start}"),
			Preheader: wording.Say("A reminder from {practice.name}"),
			Blocks: with(who("This is a reminder of your appointment.", "This is a reminder of the appointment of {attendee.greeting_name|your family member}."),
				wording.Card(true), directions, video, phone, wording.Text(early), call),
			SMS: sms("Reminder from {practice.name}: {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
				text("Can't make it? {practice.phone}", "Can't make it? Please tell us.")),
		},
		days: wording.Language{
			Subject:   wording.Say("Reminder: {appointment.day} at {appointment.start}"),
			Preheader: wording.Say("{appointment.day}, {appointment.start} with {appointment.practitioner}"),
			Blocks: with(who("We see you soon. This is a reminder of your appointment.", "This is a reminder of the appointment of {attendee.greeting_name|your family member}."),
				wording.Card(true), directions, video, phone, wording.Text(early), call),
			SMS: sms("Reminder from {practice.name}: {appointment.day_short}, {appointment.start} with {appointment.practitioner}.",
				text("Can't make it? {practice.phone}", "Can't make it? Please tell us.")),
		},
		news: wording.Language{
			Subject: wording.Say("News from {practice.name}"),
			Blocks: some(hello,
				wording.Text("Here is what is new with us. Write your news in this place."),
				bye,
				wording.Footer(wording.Join(wording.Say("You get this because you agreed to news from us. "),
					wording.Link("No more of these", wording.Target{Kind: wording.ToUnsubscribe})), wording.Say(doubt))),
		},
	}
}
