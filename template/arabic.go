package template

// arabic is the starter set in Modern Standard Arabic. It speaks to "you" in forms that fit everybody as far as the script without vowels allows.
func arabic() tongue {
	const family = "{attendee.greeting_name|فرد من عائلتك}"
	const when = "{appointment.day}، {appointment.start} مع {appointment.practitioner|فريقنا}"
	return tongue{
		tag:   "ar",
		hello: "مرحبًا {recipient.greeting_name|بك}،", regards: "مع أطيب التحيات،", ring: "اتصل بنا", confirm: "تأكيد الحضور", decline: "لا أستطيع الحضور",
		change: reached{"إذا لم يناسبك الموعد فاتصل بنا على {practice.phone} لنجد موعدًا آخر.",
			"إذا لم يناسبك الموعد فاكتب إلينا على {practice.email} لنجد موعدًا آخر.", "إذا لم يناسبك الموعد فيمكنك الرد على هذه الرسالة لنجد موعدًا آخر."},
		early: reached{"هل يتعذر عليك الحضور؟ اتصل بنا على {practice.phone} في أقرب وقت ليستفيد غيرك من الموعد.",
			"هل يتعذر عليك الحضور؟ اكتب إلينا على {practice.email} في أقرب وقت ليستفيد غيرك من الموعد.",
			"هل يتعذر عليك الحضور؟ يمكنك الرد على هذه الرسالة في أقرب وقت ليستفيد غيرك من الموعد."},
		again: reached{"لحجز موعد آخر اتصل بنا على {practice.phone}.", "لحجز موعد آخر اكتب إلينا على {practice.email}.", "لحجز موعد آخر يمكنك الرد على هذه الرسالة."},
		doubt: reached{"هل تشك في أن هذه الرسالة منا؟ اتصل على {practice.phone} واسأل.", "هل تشك في أن هذه الرسالة منا؟ اكتب إلى {practice.email} واسأل.",
			"هل تشك في أن هذه الرسالة منا؟ اسألنا في الاستقبال."},
		because:    "تصلك هذه الرسالة لأن لديك، أو لدى شخص ترعاه، موعدًا عندنا. لاختيار طريقة التواصل أو لإيقاف الرسائل أخبرنا في الاستقبال أو بالرد على هذه الرسالة.",
		never:      "لا نطلب في رسائلنا كلمة مرور أو دفعًا ماليًا أبدًا.",
		directions: "{location.directions|يسعدنا أن ندلك على الطريق إذا احتجت إلى ذلك.}",
		video:      "هذا الموعد عبر الفيديو. يلزمك مكان هادئ وشاشة بكاميرا.",
		phone:      "هذا الموعد عبر الهاتف. سنتصل بك نحن، فنرجو إبقاء الهاتف قريبًا منك.",
		smsOther:   "الموعد باسم {attendee.first_name|فرد من عائلتك}.", smsVideo: "عبر الفيديو.",
		booked: said{"تم الحجز: {appointment.day} الساعة {appointment.start}", when,
			"تم حجز موعدك. يسعدنا أن نراك.", "تم حجز موعد باسم " + family + ".",
			"{practice.name}: تم حجز موعدك {appointment.day_short}، {appointment.start}.", "للتغيير: {practice.phone}", "للتغيير يرجى التواصل معنا."},
		changed: said{"موعد جديد: {appointment.day} الساعة {appointment.start}", "أصبح الموعد يوم {appointment.day} الساعة {appointment.start}",
			"تغير موعدك، وهذا هو الموعد الآن:", "تغير موعد " + family + "، وهذا هو الموعد الآن:",
			"{practice.name}: أصبح الموعد {appointment.day_short}، {appointment.start}.", "للاستفسار: {practice.phone}", "للاستفسار يرجى التواصل معنا."},
		cancelled: said{"إلغاء موعد {appointment.day} الساعة {appointment.start}", "لن يتم الموعد يوم {appointment.day}",
			"تم إلغاء موعدك يوم {appointment.day} الساعة {appointment.start} مع {appointment.practitioner|فريقنا}. لا داعي للحضور.",
			"تم إلغاء موعد " + family + " يوم {appointment.day} الساعة {appointment.start} مع {appointment.practitioner|فريقنا}. لا داعي للحضور.",
			"{practice.name}: تم إلغاء الموعد {appointment.day_short}، {appointment.start}.", "لموعد آخر: {practice.phone}", "لموعد آخر يرجى التواصل معنا."},
		week: said{"موعد قادم: {appointment.day} الساعة {appointment.start}", "تذكير من {practice.name}",
			"هذا تذكير بموعدك عندنا.", "هذا تذكير بموعد " + family + " عندنا.",
			"تذكير من {practice.name}: {appointment.day_short}، {appointment.start}.", "للاعتذار: {practice.phone}", "للاعتذار يرجى إبلاغنا."},
		days: said{"تذكير: {appointment.day} الساعة {appointment.start}", when,
			"نراك قريبًا. هذا تذكير بموعدك عندنا.", "هذا تذكير بموعد " + family + " عندنا.",
			"تذكير من {practice.name}: {appointment.day_short}، {appointment.start}.", "للاعتذار: {practice.phone}", "للاعتذار يرجى إبلاغنا."},
		news: "أخبار من {practice.name}", text: "إليك جديدنا. اكتب أخبارك هنا.",
		agreed: "تصلك هذه الرسالة لأنك وافقت على تلقي أخبارنا.", unsubscribe: "إيقاف هذه الرسائل",
	}
}
