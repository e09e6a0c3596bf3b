package template

import "letterhead/wording"

// arabic is the starter set in Modern Standard Arabic. It speaks to "you" in forms that fit everybody as far as the script without vowels allows.
func arabic(v wording.Version, region string) words {
	var call wording.Block
	if v.Branding.Phone != nil {
		call = wording.Button("اتصل بنا", wording.Target{Kind: wording.ToPhone})
	}
	change := reach(v, "إذا لم يناسبك الموعد فاتصل بنا على {practice.phone} لنجد موعدًا آخر.",
		"إذا لم يناسبك الموعد فاكتب إلينا على {practice.email} لنجد موعدًا آخر.", "إذا لم يناسبك الموعد فيمكنك الرد على هذه الرسالة لنجد موعدًا آخر.")
	early := reach(v, "هل يتعذر عليك الحضور؟ اتصل بنا على {practice.phone} في أقرب وقت ليستفيد غيرك من الموعد.",
		"هل يتعذر عليك الحضور؟ اكتب إلينا على {practice.email} في أقرب وقت ليستفيد غيرك من الموعد.",
		"هل يتعذر عليك الحضور؟ يمكنك الرد على هذه الرسالة في أقرب وقت ليستفيد غيرك من الموعد.")
	again := reach(v, "لحجز موعد آخر اتصل بنا على {practice.phone}.", "لحجز موعد آخر اكتب إلينا على {practice.email}.", "لحجز موعد آخر يمكنك الرد على هذه الرسالة.")
	doubt := reach(v, "هل تشك في أن هذه الرسالة منا؟ اتصل على {practice.phone} واسأل.", "هل تشك في أن هذه الرسالة منا؟ اكتب إلى {practice.email} واسأل.",
		"هل تشك في أن هذه الرسالة منا؟ اسألنا في الاستقبال.")
	hello := wording.Text("مرحبًا {recipient.greeting_name|بك}،")
	bye := wording.Rich(wording.Join(wording.Say("مع أطيب التحيات،"), wording.NewLine(), wording.Say("{practice.name}")))
	because := wording.Footer(
		wording.Say("تصلك هذه الرسالة لأن لديك، أو لدى شخص ترعاه، موعدًا عندنا. لاختيار طريقة التواصل أو لإيقاف الرسائل أخبرنا في الاستقبال أو بالرد على هذه الرسالة."),
		wording.Say(doubt+" لا نطلب في رسائلنا كلمة مرور أو دفعًا ماليًا أبدًا."))
	directions := wording.Text("{location.directions|يسعدنا أن ندلك على الطريق إذا احتجت إلى ذلك.}").Only(wording.FirstVisit, wording.InPerson)
	video := wording.Text("هذا الموعد عبر الفيديو. يلزمك مكان هادئ وشاشة بكاميرا.").Only(wording.Telehealth)
	phone := wording.Text("هذا الموعد عبر الهاتف. سنتصل بك نحن، فنرجو إبقاء الهاتف قريبًا منك.").Only(wording.ByPhone)
	sms := func(first string, last string) []wording.Sentence {
		out := wording.SMS(first)
		out = append(out, wording.SMS("الموعد باسم {attendee.first_name|فرد من عائلتك}.")[0].Only(wording.ForOther), wording.SMS("عبر الفيديو.")[0].Only(wording.Telehealth))
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
		tag: "ar" + region,
		booked: wording.Language{
			Subject:   wording.Say("تم الحجز: {appointment.day} الساعة {appointment.start}"),
			Preheader: wording.Say("{appointment.day}، {appointment.start} مع {appointment.practitioner|فريقنا}"),
			Blocks: with(who("تم حجز موعدك. يسعدنا أن نراك.", "تم حجز موعد باسم {attendee.greeting_name|فرد من عائلتك}."),
				wording.Card(true), directions, video, phone, wording.Text(change), call),
			SMS: sms("{practice.name}: تم حجز موعدك {appointment.day_short}، {appointment.start}.", text("للتغيير: {practice.phone}", "للتغيير يرجى التواصل معنا.")),
		},
		changed: wording.Language{
			Subject:   wording.Say("موعد جديد: {appointment.day} الساعة {appointment.start}"),
			Preheader: wording.Say("أصبح الموعد يوم {appointment.day} الساعة {appointment.start}"),
			Blocks: with(who("تغير موعدك، وهذا هو الموعد الآن:", "تغير موعد {attendee.greeting_name|فرد من عائلتك}، وهذا هو الموعد الآن:"),
				wording.Card(true), directions, video, phone, wording.Text(change), call),
			SMS: sms("{practice.name}: أصبح الموعد {appointment.day_short}، {appointment.start}.", text("للاستفسار: {practice.phone}", "للاستفسار يرجى التواصل معنا.")),
		},
		cancelled: wording.Language{
			Subject:   wording.Say("إلغاء موعد {appointment.day} الساعة {appointment.start}"),
			Preheader: wording.Say("لن يتم الموعد يوم {appointment.day}"),
			Blocks: with(who("تم إلغاء موعدك يوم {appointment.day} الساعة {appointment.start} مع {appointment.practitioner|فريقنا}. لا داعي للحضور.",
				"تم إلغاء موعد {attendee.greeting_name|فرد من عائلتك} يوم {appointment.day} الساعة {appointment.start} مع {appointment.practitioner|فريقنا}. لا داعي للحضور."),
				wording.Text(again), call),
			SMS: sms("{practice.name}: تم إلغاء الموعد {appointment.day_short}، {appointment.start}.", text("لموعد آخر: {practice.phone}", "لموعد آخر يرجى التواصل معنا.")),
		},
		week: wording.Language{
			Subject:   wording.Say("موعد قادم: {appointment.day} الساعة {appointment.start}"),
			Preheader: wording.Say("تذكير من {practice.name}"),
			Blocks: with(who("هذا تذكير بموعدك عندنا.", "هذا تذكير بموعد {attendee.greeting_name|فرد من عائلتك} عندنا."),
				wording.Card(true), directions, video, phone, wording.Text(early), call),
			SMS: sms("تذكير من {practice.name}: {appointment.day_short}، {appointment.start}.", text("للاعتذار: {practice.phone}", "للاعتذار يرجى إبلاغنا.")),
		},
		days: wording.Language{
			Subject:   wording.Say("تذكير: {appointment.day} الساعة {appointment.start}"),
			Preheader: wording.Say("{appointment.day}، {appointment.start} مع {appointment.practitioner|فريقنا}"),
			Blocks: with(who("نراك قريبًا. هذا تذكير بموعدك عندنا.", "هذا تذكير بموعد {attendee.greeting_name|فرد من عائلتك} عندنا."),
				wording.Card(true), directions, video, phone, wording.Text(early), call),
			SMS: sms("تذكير من {practice.name}: {appointment.day_short}، {appointment.start}.", text("للاعتذار: {practice.phone}", "للاعتذار يرجى إبلاغنا.")),
		},
		news: wording.Language{
			Subject: wording.Say("أخبار من {practice.name}"),
			Blocks: some(hello, wording.Text("إليك جديدنا. اكتب أخبارك هنا."), bye,
				wording.Footer(wording.Join(wording.Say("تصلك هذه الرسالة لأنك وافقت على تلقي أخبارنا. "),
					wording.Link("إيقاف هذه الرسائل", wording.Target{Kind: wording.ToUnsubscribe})), wording.Say(doubt))),
		},
	}
}
