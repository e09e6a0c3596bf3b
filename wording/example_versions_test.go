package wording

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// The versions of the golden files: what a starter set is like, written with the constructors.

func wattleStreet() *Version {
	return &Version{
		Format: Format, Purpose: Transactional,
		Sender: Sender{Name: "Wattle Street Physiotherapy", Local: "hello", Domain: "wattlestreet.example"},
		Branding: Branding{Name: "Wattle Street Physiotherapy", Accent: "#1f4e79", Address: []string{"12 Wattle Street", "Ballarat VIC 3350"},
			Phone: &Phone{Display: "(03) 5550 0142", Number: "+61355500142"}, Email: "hello@wattlestreet.example", Website: "https://wattlestreet.example/"},
		Hosts: []string{"wattlestreet.example"}, DefaultLanguage: "en-AU",
	}
}

func signOff() Block {
	return Rich(Join(Say("Kind regards,"), NewLine(), Say("the team at {practice.name}")))
}

func footer(what string) Block {
	return Footer(Say("You get "+what+" because you have an appointment with us. To choose how we reach you, tell us when you are here or ring {practice.phone}."),
		Say("We never ask for a password or a payment by e-mail or SMS. Not sure that this message is from us? Ring us."))
}

func visitNotes() []Block {
	return []Block{
		Text("Please bring your referral if you have one, and come ten minutes early.").Only(FirstVisit, InPerson),
		Text("{location.directions}").Only(FirstVisit, InPerson),
		Text("You need a quiet room and a screen with a camera. We send the way in on the day.").Only(Telehealth),
	}
}

func bookedVersion() *Version {
	v := wattleStreet()
	v.Languages = []Language{{Tag: "en-AU",
		Subject:   Say("Your appointment on {appointment.day} at {appointment.start}"),
		Preheader: Say("{appointment.day}, {appointment.start} at {practice.name}"),
		Blocks: append(append([]Block{
			Text("Hello {recipient.greeting_name},", "your appointment is booked."),
			Card(true),
			Button("Ring us to change it", Target{Kind: ToPhone}).Only(Unconfirmed),
		}, visitNotes()...), signOff(), footer("this message")),
		SMS: append(SMS("{practice.name}: booked for {appointment.day_short}, {appointment.start}."),
			SMS("For {attendee.first_name}.")[0].Only(ForOther), SMS("To change it ring {practice.phone}.")[0]),
	}}
	return v
}

func changedVersion() *Version {
	v := wattleStreet()
	v.Languages = []Language{{Tag: "en-AU",
		Subject:   Say("Your appointment has moved to {appointment.day}, {appointment.start}"),
		Preheader: Say("The new time is {appointment.day} at {appointment.start}"),
		Blocks: []Block{
			Heading("A new time for your appointment"),
			Rich(Say("Hello {recipient.greeting_name},"), Join(Say("your appointment has moved. "), Strong(Say("This is the time that counts now:")...))),
			Card(false),
			Text("If that does not suit you, ring {practice.phone} and we find another."),
			signOff(), footer("this message"),
		},
		SMS: SMS("{practice.name}: your appointment is now {appointment.day_short}, {appointment.start}.", "Questions? {practice.phone}"),
	}}
	return v
}

func cancelledVersion() *Version {
	v := wattleStreet()
	v.Languages = []Language{{Tag: "en-AU",
		Subject: Say("Your appointment on {appointment.date} is cancelled"),
		Blocks: []Block{
			Rich(Say("Hello {recipient.greeting_name},"),
				Join(Say("your appointment on {appointment.day} at {appointment.start} with {appointment.practitioner} is "), Strong(Say("cancelled")...), Say(". You need not come."))),
			Rich(Join(Say("To book another time, ring {practice.phone} or see "), Link("our website", Target{Kind: ToWebsite}), Say("."))),
			Divider(), Address(), footer("this message"),
		},
		SMS: SMS("{practice.name}: your appointment on {appointment.day_short}, {appointment.start} is cancelled.", "To book again ring {practice.phone}."),
	}}
	return v
}

func weekVersion() *Version {
	v := wattleStreet()
	logo := testLogo()
	v.Branding.Logo = &logo.Image
	v.Branding.Accent = "#7a9e3f"
	v.Languages = []Language{{Tag: "en-AU",
		Subject:   Say("Reminder: {appointment.weekday} {appointment.date}, {appointment.start}"),
		Preheader: Say("Your appointment at {practice.name} is in a week"),
		Blocks: append(append([]Block{
			Text("Hello {recipient.greeting_name},", "this is a reminder of your appointment in a week."),
			Card(true),
		}, visitNotes()...),
			Text("Can’t make it? Ring us soon, so that somebody else can have the time."),
			Button("Ring (03) 5550 0142", Target{Kind: ToPhone}),
			Rich(Emphasis(Say("On the day:")...)),
			List(Bullet, "wear something easy to move in", "bring scans and letters you have", "tell us about new medicines"),
			signOff(), footer("reminders")),
	}}
	if err := v.Attach(logo.data); err != nil {
		panic(err)
	}
	return v
}

func twoDaysVersion() *Version {
	v := wattleStreet()
	v.Languages = []Language{{Tag: "en-AU",
		Subject:   Say("Reminder: {appointment.day} at {appointment.start}"),
		Preheader: Say("{appointment.day}, {appointment.start} with {appointment.practitioner}"),
		Blocks: []Block{
			Text("Hello {recipient.greeting_name},"),
			Text("this is a reminder of your appointment.").Only(ForSelf),
			Text("this is a reminder of the appointment of {attendee.first_name}.").Only(ForOther),
			Card(false),
			Button("How to find us", Target{Kind: ToURL, URL: "https://wattlestreet.example/find-us?from=mail&v=2"}).Only(InPerson),
			Text("Can’t come? Ring {location.phone|us} as early as you can."),
			signOff(), footer("reminders"),
		},
		SMS: append(SMS("Reminder from {practice.name}: {appointment.day_short}, {appointment.start} with {appointment.practitioner}."),
			SMS("For {attendee.first_name}.")[0].Only(ForOther), SMS("By video.")[0].Only(Telehealth), SMS("Can't come? {practice.phone}")[0]),
	}, arabicReminder()}
	return v
}

func arabicReminder() Language {
	return Language{Tag: "ar-EG",
		Subject:   Say("تذكير: {appointment.day} الساعة {appointment.start}"),
		Preheader: Say("{appointment.day}، {appointment.start} مع {appointment.practitioner}"),
		Blocks: []Block{
			Text("مرحبًا {recipient.greeting_name}،"),
			Text("هذا تذكير بموعدك.").Only(ForSelf),
			Text("هذا تذكير بموعد {attendee.first_name}.").Only(ForOther),
			Card(true),
			Button("كيف تصل إلينا", Target{Kind: ToURL, URL: "https://wattlestreet.example/find-us"}).Only(InPerson),
			Text("لا يمكنك الحضور؟ اتصل بنا على {practice.phone} في أقرب وقت."),
			List(Bullet, "أحضر معك الإحالة إن وُجدت", "احضر قبل الموعد بعشر دقائق"),
			Rich(Join(Say("مع أطيب التحيات،"), NewLine(), Say("فريق {practice.name}"))),
			Footer(Say("تصلك هذه الرسالة لأن لديك موعدًا معنا. لاختيار طريقة التواصل اتصل بنا على {practice.phone}."),
				Say("لا نطلب منك أبدًا كلمة مرور أو دفعة مالية عبر البريد أو الرسائل القصيرة.")),
		},
		SMS: SMS("تذكير من {practice.name}: {appointment.day_short}، {appointment.start}.", "للتغيير: {practice.phone}"),
	}
}

func newsVersion() *Version {
	v := wattleStreet()
	v.Purpose = Marketing
	v.Languages = []Language{{Tag: "en-AU", Subject: Say("Christmas hours"),
		Blocks: []Block{
			Heading("Christmas hours"),
			Text("Hello {recipient.greeting_name},", "we close on 23 December at noon and open again on Monday 4 January."),
			Footer(Join(Say("You get this because you agreed to practice news. "), Link("No more of these", Target{Kind: ToUnsubscribe}))),
		}}}
	return v
}

type testPicture struct {
	Image
	data []byte
}

func testLogo() testPicture {
	m := image.NewPaletted(image.Rect(0, 0, 400, 96), color.Palette{color.White, color.RGBA{0x7a, 0x9e, 0x3f, 255}, color.RGBA{0x1c, 0x24, 0x30, 255}})
	for y := range 96 {
		for x := range 400 {
			if dx, dy := x-48, y-48; dx*dx+dy*dy < 42*42 {
				m.SetColorIndex(x, y, 1)
			} else if x > 110 && x < 380 && (y > 24 && y < 40 || x < 300 && y > 56 && y < 68) {
				m.SetColorIndex(x, y, 2)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	described, err := Describe(b.Bytes(), "Wattle Street Physiotherapy")
	if err != nil {
		panic(err)
	}
	return testPicture{described, b.Bytes()}
}

func fatima() *Values {
	return &Values{
		Recipient: Person{First: "Fatima"}, Start: Wall{Year: 2026, Month: 12, Day: 1, Hour: 10}, End: Wall{Year: 2026, Month: 12, Day: 1, Hour: 10, Minute: 45}, Minutes: 45, Zone: "Australia/Melbourne",
		Mode: ModeInPerson, Service: "Initial consultation", Practitioner: "Petra Schäfer", FirstVisit: true,
		Location: Place{Name: "Main rooms", Address: "12 Wattle Street, Ballarat", Phone: "(03) 5550 0142", Directions: "Ring the bell at the side door; parking is behind the house."},
		Code:     "K7QF3M9PXD",
	}
}

func mustCompile(t testing.TB, v *Version, tag string) *Compiled {
	t.Helper()
	c, err := Compile(v, tag)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
