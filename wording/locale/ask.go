package locale

import "strings"

// ask is what a footer says of the mail's code: where the practice has a website of its own, and where it has none.
type ask struct{ site, ring string }

var asks = map[string]ask{
	"en": {"Is this message really from us? Type the code %s on our own website, or ring us and read it out.",
		"Is this message really from us? Ring us and read out the code %s."},
	"ar": {"هل هذه الرسالة منّا فعلًا؟ اكتب الرمز %s في موقعنا، أو اتصل بنا واقرأه لنا.",
		"هل هذه الرسالة منّا فعلًا؟ اتصل بنا واقرأ لنا الرمز %s."},
	"de": {"Ist diese Nachricht wirklich von uns? Geben Sie den Code %s auf unserer eigenen Website ein, oder rufen Sie uns an und lesen Sie ihn vor.",
		"Ist diese Nachricht wirklich von uns? Rufen Sie uns an und lesen Sie den Code %s vor."},
	"fr": {"Ce message vient-il vraiment de nous ? Saisissez le code %s sur notre propre site, ou appelez-nous et lisez-le.",
		"Ce message vient-il vraiment de nous ? Appelez-nous et lisez le code %s."},
	"es": {"¿Este mensaje es realmente nuestro? Escriba el código %s en nuestra propia web, o llámenos y léanoslo.",
		"¿Este mensaje es realmente nuestro? Llámenos y léanos el código %s."},
	"it": {"Questo messaggio è davvero nostro? Digiti il codice %s sul nostro sito, oppure ci chiami e ce lo legga.",
		"Questo messaggio è davvero nostro? Ci chiami e ci legga il codice %s."},
	"pt": {"Esta mensagem é mesmo nossa? Escreva o código %s no nosso próprio site, ou ligue-nos e leia-o.",
		"Esta mensagem é mesmo nossa? Ligue-nos e leia o código %s."},
	"nl": {"Komt dit bericht echt van ons? Typ de code %s op onze eigen website, of bel ons en lees hem voor.",
		"Komt dit bericht echt van ons? Bel ons en lees de code %s voor."},
}

// AskFor is what stands before and after the code in a footer. A language that has no words for it says so in English.
func AskFor(tag string, site bool) (before, after string) {
	said, known := asks[Base(tag)]
	if !known {
		said = asks["en"]
	}
	text := said.ring
	if site {
		text = said.site
	}
	before, after, _ = strings.Cut(text, "%s")
	return before, after
}
