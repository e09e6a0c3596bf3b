package wording

import "strings"

// dayPattern orders the parts of a date: d day, m month name, y year, w weekday; every other byte stands for itself.
type dayPattern struct{ day, short, date string }

// clock is how a language tells the time.
type clock struct {
	half   bool // twelve hours
	am, pm string
}

// locale is what a language needs for dates, times and the appointment card. Names follow CLDR 48.
type locale struct {
	months, monthsShort [12]string
	days, daysShort     [7]string
	pattern             dayPattern
	clock               clock
	arabicDigits        bool
	words               words
	fallbacks           map[Field]string
}

// words are the fixed words of the card; %s is the value.
type words struct {
	with, forWhom, zone                string
	inPerson, telehealth, phone, visit string
	byVideo, byPhone, atHome           string // lines of the card
	and                                string // between hours and minutes
	minutes, hours                     func(n int) string
	separator                          string // between day and time on the card, and between the parts of a place
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

var english = locale{
	months:      list12("January|February|March|April|May|June|July|August|September|October|November|December"),
	monthsShort: list12("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"),
	days:        list7("Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday"),
	daysShort:   list7("Sun|Mon|Tue|Wed|Thu|Fri|Sat"),
	pattern:     dayPattern{"w d m", "w d m", "d m y"},
	clock:       clock{},
	words: words{with: "with %s", forWhom: "For %s", zone: "%s time",
		inPerson: "in person", telehealth: "by video", phone: "by phone", visit: "at your home",
		byVideo: "By video", byPhone: "By phone: we ring you", atHome: "At your home",
		minutes: plain("minute", "minutes"), hours: plain("hour", "hours"), and: " ", separator: ", "},
	fallbacks: map[Field]string{RecipientFirstName: "there", RecipientGreetingName: "there",
		AttendeeFirstName: "your family member", AttendeeGreetingName: "your family member",
		AppointmentService: "your appointment", AppointmentPractitioner: "our team",
		LocationName: "our rooms", LocationAddress: "our address", LocationPhone: "our phone", LocationDirections: "Please ask us how to find us."},
}

var arabic = locale{
	months: list12("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"), monthsShort: list12("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"),
	days: list7("الأحد|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت"), daysShort: list7("الأحد|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت"),
	pattern: dayPattern{"w، d m", "w، d m", "d m y"},
	clock:   clock{half: true, am: "ص", pm: "م"},
	words: words{with: "مع %s", forWhom: "الموعد باسم: %s", zone: "بتوقيت %s",
		inPerson: "حضوريًا", telehealth: "عبر الفيديو", phone: "عبر الهاتف", visit: "في منزلك",
		byVideo: "عبر الفيديو", byPhone: "عبر الهاتف: نتصل بك", atHome: "في منزلك",
		minutes: counted("دقيقة واحدة", "دقيقتان", "دقائق", "دقيقة"), hours: counted("ساعة واحدة", "ساعتان", "ساعات", "ساعة"), and: " و", separator: "، "},
	fallbacks: map[Field]string{RecipientFirstName: "بك", RecipientGreetingName: "بك",
		AttendeeFirstName: "أحد أفراد أسرتك", AttendeeGreetingName: "أحد أفراد أسرتك",
		AppointmentService: "موعدك", AppointmentPractitioner: "فريقنا",
		LocationName: "عيادتنا", LocationAddress: "عنواننا", LocationPhone: "هاتفنا", LocationDirections: "يرجى سؤالنا عن الطريق."},
}

var german = locale{
	months:      list12("Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"),
	monthsShort: list12("Jan.|Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sept.|Okt.|Nov.|Dez."),
	days:        list7("Sonntag|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag"),
	daysShort:   list7("So.|Mo.|Di.|Mi.|Do.|Fr.|Sa."),
	pattern:     dayPattern{"w, d. m", "w, d. m", "d. m y"},
	words: words{with: "mit %s", forWhom: "Für %s", zone: "Ortszeit %s",
		inPerson: "vor Ort", telehealth: "per Video", phone: "per Telefon", visit: "bei Ihnen zu Hause",
		byVideo: "Per Video", byPhone: "Per Telefon: wir rufen Sie an", atHome: "Bei Ihnen zu Hause",
		minutes: plain("Minute", "Minuten"), hours: plain("Stunde", "Stunden"), and: " ", separator: ", "},
}

var french = locale{
	months:      list12("janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"),
	monthsShort: list12("janv.|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc."),
	days:        list7("dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi"),
	daysShort:   list7("dim.|lun.|mar.|mer.|jeu.|ven.|sam."),
	pattern:     dayPattern{"w d m", "w d m", "d m y"},
	words: words{with: "avec %s", forWhom: "Pour %s", zone: "heure de %s",
		inPerson: "au cabinet", telehealth: "en vidéo", phone: "par téléphone", visit: "à domicile",
		byVideo: "En vidéo", byPhone: "Par téléphone : nous vous appelons", atHome: "À domicile",
		minutes: plain("minute", "minutes"), hours: plain("heure", "heures"), and: " ", separator: ", "},
}

// generic serves every other language without a word of any: ISO dates, 24 hours, bare values.
var generic = locale{
	pattern: dayPattern{"iso", "iso", "iso"},
	words: words{with: "%s", forWhom: "%s", zone: "%s", inPerson: "", telehealth: "Video", phone: "Tel.", visit: "",
		byVideo: "Video", byPhone: "Tel.", atHome: "",
		minutes: plain("min", "min"), hours: plain("h", "h"), and: " ", separator: ", "},
}

// Months of the Levant and Iraq. (CLDR 48: ar-IQ, ar-JO, ar-LB, ar-PS, ar-SY)
var levantMonths = list12("كانون الثاني|شباط|آذار|نيسان|أيار|حزيران|تموز|آب|أيلول|تشرين الأول|تشرين الثاني|كانون الأول")

// localeOf finds the locale of a BCP 47 tag.
func localeOf(tag string) *locale {
	region := regionOf(tag)
	switch baseOf(tag) {
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

func englishOf(region string) *locale {
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
