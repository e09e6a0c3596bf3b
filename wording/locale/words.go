package locale

import "strings"

// dayPattern orders the parts of a date: d day, m month name, y year, w weekday; every other byte stands for itself.
type dayPattern struct{ day, short, date string }

// clock is how a language tells the time.
type clock struct {
	half   bool // twelve hours
	am, pm string
}

// locale is what a language needs for dates, times and the appointment card. Names follow CLDR 48.
type Locale struct {
	months, monthsShort [12]string
	days, daysShort     [7]string
	pattern             dayPattern
	clock               clock
	arabicDigits        bool
	Words               words
	Fallbacks           map[string]string
}

// words are the fixed words of the card; %s is the value.
type words struct {
	With, ForWhom, zone                string
	inPerson, telehealth, phone, visit string
	ByVideo, ByPhone, AtHome           string // lines of the card
	and                                string // between hours and minutes
	minutes, hours                     func(n int) string
	Separator                          string // between day and time on the card, and between the parts of a place
}

// list splits names written with "|", so that "تشرين الأول" stays one month.
func list12(text string) (out [12]string) { copy(out[:], strings.Split(text, "|")); return }
func list7(text string) (out [7]string)   { copy(out[:], strings.Split(text, "|")); return }

func plain(one, many string) func(int) string {
	return func(n int) string {
		if n == 1 {
			return "1 " + one
		}
		return itoa(n) + " " + many
	}
}

// counted follows the plural rules of Arabic (CLDR: one, two, few 3–10, many 11–99, other).
func counted(one, two, few, many string) func(int) string {
	return func(n int) string {
		switch rest := n % 100; {
		case n == 1:
			return one
		case n == 2:
			return two
		case rest >= 3 && rest <= 10:
			return itoa(n) + " " + few
		default:
			return itoa(n) + " " + many
		}
	}
}

var english = Locale{
	months:      list12("January|February|March|April|May|June|July|August|September|October|November|December"),
	monthsShort: list12("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"),
	days:        list7("Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday"),
	daysShort:   list7("Sun|Mon|Tue|Wed|Thu|Fri|Sat"),
	pattern:     dayPattern{"w d m", "w d m", "d m y"},
	clock:       clock{},
	Words: words{With: "with %s", ForWhom: "For %s", zone: "%s time",
		inPerson: "in person", telehealth: "by video", phone: "by phone", visit: "at your home",
		ByVideo: "By video", ByPhone: "By phone: we ring you", AtHome: "At your home",
		minutes: plain("minute", "minutes"), hours: plain("hour", "hours"), and: " ", Separator: ", "},
	Fallbacks: map[string]string{"recipient.first_name": "there", "recipient.greeting_name": "there",
		"attendee.first_name": "your family member", "attendee.greeting_name": "your family member",
		"appointment.service": "your appointment", "appointment.practitioner": "our team",
		"location.name": "our rooms", "location.address": "our address", "location.phone": "our phone", "location.directions": "Please ask us how to find us."},
}

var arabic = Locale{
	months: list12("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"), monthsShort: list12("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"),
	days: list7("الأحد|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت"), daysShort: list7("الأحد|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت"),
	pattern: dayPattern{"w، d m", "w، d m", "d m y"},
	clock:   clock{half: true, am: "ص", pm: "م"},
	Words: words{With: "مع %s", ForWhom: "الموعد باسم: %s", zone: "بتوقيت %s",
		inPerson: "حضوريًا", telehealth: "عبر الفيديو", phone: "عبر الهاتف", visit: "في منزلك",
		ByVideo: "عبر الفيديو", ByPhone: "عبر الهاتف: نتصل بك", AtHome: "في منزلك",
		minutes: counted("دقيقة واحدة", "دقيقتان", "دقائق", "دقيقة"), hours: counted("ساعة واحدة", "ساعتان", "ساعات", "ساعة"), and: " و", Separator: "، "},
	Fallbacks: map[string]string{"recipient.first_name": "بك", "recipient.greeting_name": "بك",
		"attendee.first_name": "أحد أفراد أسرتك", "attendee.greeting_name": "أحد أفراد أسرتك",
		"appointment.service": "موعدك", "appointment.practitioner": "فريقنا",
		"location.name": "عيادتنا", "location.address": "عنواننا", "location.phone": "هاتفنا", "location.directions": "يرجى سؤالنا عن الطريق."},
}

var german = Locale{
	months:      list12("Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"),
	monthsShort: list12("Jan.|Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sept.|Okt.|Nov.|Dez."),
	days:        list7("Sonntag|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag"),
	daysShort:   list7("So.|Mo.|Di.|Mi.|Do.|Fr.|Sa."),
	pattern:     dayPattern{"w, d. m", "w, d. m", "d. m y"},
	Words: words{With: "mit %s", ForWhom: "Für %s", zone: "Ortszeit %s",
		inPerson: "vor Ort", telehealth: "per Video", phone: "per Telefon", visit: "bei Ihnen zu Hause",
		ByVideo: "Per Video", ByPhone: "Per Telefon: wir rufen Sie an", AtHome: "Bei Ihnen zu Hause",
		minutes: plain("Minute", "Minuten"), hours: plain("Stunde", "Stunden"), and: " ", Separator: ", "},
}

var french = Locale{
	months:      list12("janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"),
	monthsShort: list12("janv.|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc."),
	days:        list7("dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi"),
	daysShort:   list7("dim.|lun.|mar.|mer.|jeu.|ven.|sam."),
	pattern:     dayPattern{"w d m", "w d m", "d m y"},
	Words: words{With: "avec %s", ForWhom: "Pour %s", zone: "heure de %s",
		inPerson: "au cabinet", telehealth: "en vidéo", phone: "par téléphone", visit: "à domicile",
		ByVideo: "En vidéo", ByPhone: "Par téléphone : nous vous appelons", AtHome: "À domicile",
		minutes: plain("minute", "minutes"), hours: plain("heure", "heures"), and: " ", Separator: ", "},
}

// generic serves every other language without a word of any: ISO dates, 24 hours, bare values.
var generic = Locale{
	pattern: dayPattern{"iso", "iso", "iso"},
	Words: words{With: "%s", ForWhom: "%s", zone: "%s", inPerson: "", telehealth: "Video", phone: "Tel.", visit: "",
		ByVideo: "Video", ByPhone: "Tel.", AtHome: "",
		minutes: plain("min", "min"), hours: plain("h", "h"), and: " ", Separator: ", "},
}

// Months of the Levant and Iraq. (CLDR 48: ar-IQ, ar-JO, ar-LB, ar-PS, ar-SY)
var levantMonths = list12("كانون الثاني|شباط|آذار|نيسان|أيار|حزيران|تموز|آب|أيلول|تشرين الأول|تشرين الثاني|كانون الأول")

// Of finds the locale of a BCP 47 tag.
func Of(tag string) *Locale {
	region := regionOf(tag)
	switch Base(tag) {
	case "en":
		return englishOf(region)
	case "ar":
		l := arabic
		switch region {
		case "EG", "SA", "SD", "OM", "QA", "BH", "YE", "KW":
			l.arabicDigits = true
		case "IQ", "JO", "LB", "PS", "SY":
			l.arabicDigits = true
			l.months, l.monthsShort = levantMonths, levantMonths
		}
		return &l
	case "de":
		return &german
	case "fr":
		return &french
	}
	return &generic
}

func englishOf(region string) *Locale {
	l := english
	switch region {
	case "US":
		l.pattern = dayPattern{"w, m d", "w, m d", "m d, y"}
		l.clock = clock{true, "AM", "PM"}
	case "CA":
		l.pattern = dayPattern{"w, m d", "w, m d", "m d, y"}
		l.clock = clock{true, "a.m.", "p.m."}
	case "AU", "NZ", "IN", "SG", "PH", "MY":
		l.clock = clock{true, "am", "pm"}
	}
	return &l
}

// cities are the names of zones' places in Arabic script; others stay as the zone database spells them.
var arabicCities = map[string]string{
	"Africa/Cairo": "القاهرة", "Asia/Dubai": "دبي", "Asia/Riyadh": "الرياض", "Asia/Amman": "عمّان", "Asia/Beirut": "بيروت", "Asia/Baghdad": "بغداد",
	"Asia/Damascus": "دمشق", "Asia/Kuwait": "الكويت", "Asia/Qatar": "الدوحة", "Asia/Jerusalem": "القدس", "Africa/Khartoum": "الخرطوم",
	"Africa/Tunis": "تونس", "Africa/Algiers": "الجزائر", "Africa/Casablanca": "الدار البيضاء", "Africa/Tripoli": "طرابلس", "Europe/London": "لندن",
	"Australia/Melbourne": "ملبورن", "Australia/Sydney": "سيدني", "America/New_York": "نيويورك", "Europe/Dublin": "دبلن",
}
