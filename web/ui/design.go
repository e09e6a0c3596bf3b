package ui

func accentName(a Accent) string {
	if a == Blue {
		return "blue"
	}
	return string(a)
}

func sampleDay() Day {
	at := func(hour, minute, length int, kind Kind, title, detail string) Item {
		from := hour*60 + minute
		return Item{From: from, Until: from + length, Kind: kind, Title: title, Detail: detail, To: "#"}
	}
	block := func(from, until int, title string) Item {
		return Item{From: from, Until: until, Block: true, Title: title}
	}
	fatima := at(10, 0, 60, Wait, "Fatima Haddad", "10:00 Initial · not confirmed")
	fatima.Current, fatima.More = true, "First visit"
	oscar := at(10, 0, 30, Plain, "Oscar Reid", "")
	oscar.Off = true
	return Day{Start: 8 * 60, End: 16 * 60, Now: 10*60 + 38, NowSay: "Now, 10:38", Label: "Day", Columns: []Column{
		{Name: "Petra Schäfer", Link: "#", Chosen: true, Items: []Item{at(9, 0, 45, Good, "Aoife Brennan", "9:00 Standard · confirmed"), fatima,
			block(12*60, 13*60, "Lunch"), at(13, 0, 45, Good, "João Costa", "13:00 Standard · confirmed"), at(14, 20, 40, Info, "Mei Zhang", "14:20 Review · telehealth")}},
		{Name: "Liam Nguyen", Link: "#", Items: []Item{at(9, 0, 60, Good, "Thandiwe Ndlovu", "9:00 Initial · arrived"), oscar,
			at(11, 0, 45, Good, "Niamh Walsh", "11:00 Standard · confirmed"), block(12*60, 13*60, "Lunch"), at(14, 0, 45, Good, "Ravi Kumar", "14:00 Standard · confirmed")}},
		{Name: "Hēmi Ngata", Link: "#", Items: []Item{block(8*60, 10*60, "Not in until 10:00"), at(10, 0, 105, Good, "Exercise class", "10:00 · 6 of 8 attending"),
			at(12, 0, 45, Bad, "Elif Öztürk", "12:00 · not reached"), at(14, 0, 60, Good, "Mateus Pereira", "14:00 Splint"), at(14, 30, 45, Wait, "Ngọc Trần", "14:30 Review")}},
	}}
}

func sampleTimeline() []Entry {
	return []Entry{
		{State: Done, What: "Booking confirmation", How: "by e-mail", Lines: []Line{{Say: "Delivered Tue 17 Nov, 14:06 · “Appointment booked” v3 ·", Links: []Link{{To: "#", Say: "see it"}}}}},
		{State: Done, What: "7 days before", How: "by e-mail", Lines: []Line{{Say: "Delivered Tue 24 Nov, 10:00"}}},
		{State: Failed, What: "2 days before", How: "by e-mail", Lines: []Line{{Say: "Not delivered: her mailbox is full. We stopped trying on Mon 30 Nov, 18:40."}}},
		{State: Doubt, What: "Appointment changed", How: "by text message", Lines: []Line{{Say: "Maybe sent: the machine stopped while it was leaving, Mon 30 Nov, 19:02."}}},
		{State: Come, What: "Follow-up", How: "by e-mail", Lines: []Line{{Say: "Will be sent Thu 3 Dec, 10:00, if she attends"}}},
		{State: Never, What: "Text message", Lines: []Line{{Say: "Will not be sent: she chose e-mail only.", Links: []Link{{To: "#", Say: "Change"}}}}},
	}
}
