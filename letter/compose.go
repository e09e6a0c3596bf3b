package letter

import (
	"context"
	"strings"

	"letterhead/fault"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// words are the sentences around a letter, in one language. A subject says nothing of what is in it: it is read on locked screens.
type words struct {
	subject, footer, phone, email, neither string
}

var (
	english = words{
		subject: "A message from {practice.name}",
		footer:  "You get this because somebody at {practice.name} wrote to you. To choose how we reach you, tell us at the desk or answer this mail.",
		phone:   "Not sure that this message is from us? Ring {practice.phone} and ask. We never ask for a password or a payment in a message.",
		email:   "Not sure that this message is from us? Write to {practice.email} and ask. We never ask for a password or a payment in a message.",
		neither: "Not sure that this message is from us? Ask at the desk. We never ask for a password or a payment in a message.",
	}
	arabic = words{
		subject: "رسالة من {practice.name}",
		footer:  "تصلك هذه الرسالة لأن أحد العاملين في {practice.name} كتب إليك. لاختيار طريقة التواصل أو لإيقاف الرسائل أخبرنا في الاستقبال أو بالرد على هذه الرسالة.",
		phone:   "هل تشك في أن هذه الرسالة منا؟ اتصل على {practice.phone} واسأل. لا نطلب في رسائلنا كلمة مرور أو دفعًا ماليًا أبدًا.",
		email:   "هل تشك في أن هذه الرسالة منا؟ اكتب إلى {practice.email} واسأل. لا نطلب في رسائلنا كلمة مرور أو دفعًا ماليًا أبدًا.",
		neither: "هل تشك في أن هذه الرسالة منا؟ اسألنا في الاستقبال. لا نطلب في رسائلنا كلمة مرور أو دفعًا ماليًا أبدًا.",
	}
)

func wordsOf(language string) words {
	if strings.HasPrefix(language, "ar") {
		return arabic
	}
	return english
}

func (w words) doubt(v *wording.Version) string {
	switch {
	case v.Branding.Phone != nil:
		return w.phone
	case v.Branding.Email != "":
		return w.email
	}
	return w.neither
}

// compose makes a letter's version: the practice's sender, branding and hosts, and what was typed as it stands. Braces are braces.
func compose(ctx context.Context, tx *store.Tx, l Letter) (*wording.Version, error) {
	v, err := template.Letterhead(ctx, tx, l.Language)
	if err != nil {
		return nil, err
	}
	v.Purpose = wording.Transactional
	paragraphs := paragraphsOf(l.Text)
	if len(paragraphs) == 0 {
		return nil, fault.Field("text", "letter.empty", "write something first")
	}
	w := wordsOf(v.DefaultLanguage)
	language := wording.Language{Tag: v.DefaultLanguage, Subject: wording.Say(w.subject),
		Blocks: []wording.Block{{Kind: wording.TextBlock, Paragraphs: paragraphs}, wording.Footer(wording.Say(w.footer), wording.Say(w.doubt(v)))}}
	if l.Channel == message.SMS {
		language.SMS = []wording.Sentence{{Content: line(l)}}
	}
	v.Languages = []wording.Language{language}
	if err := prove(v, l.Channel); err != nil {
		return nil, err
	}
	return v, nil
}

// prove holds a version to what the courier will ask of it. What is wrong is wrong with the text: nobody typed the rest.
func prove(v *wording.Version, channel message.Channel) error {
	err := v.Validate()
	if err == nil {
		_, err = wording.Compile(v, v.DefaultLanguage)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid && (strings.HasPrefix(f.Field, "languages.") || strings.HasPrefix(f.Field, "sms")) {
		same := *f
		same.Field = "text"
		if channel == message.SMS && f.Key == "wording.line_long" {
			same.Say = "this is longer than a text message can be; shorten it, or write an e-mail"
		}
		return &same
	}
	return err
}

// paragraphsOf takes a text apart: an empty line ends a paragraph, a line break stays one.
func paragraphsOf(text string) []wording.Paragraph {
	var out []wording.Paragraph
	var run []wording.Inline
	end := func() {
		if len(run) > 0 {
			out = append(out, wording.Paragraph{Content: run})
		}
		run = nil
	}
	for each := range strings.Lines(clean(text)) {
		each = strings.TrimSpace(each)
		if each == "" {
			end()
			continue
		}
		if len(run) > 0 {
			run = append(run, wording.Inline{Break: true})
		}
		run = append(run, wording.Inline{Text: each})
	}
	end()
	return out
}

// line is the text message: one line, with the practice's name before what nobody asked for.
func line(l Letter) []wording.Inline {
	text := strings.Join(strings.Fields(clean(l.Text)), " ")
	if l.Answers != "" {
		return []wording.Inline{{Text: text}}
	}
	return append(wording.Say("{practice.name}"), wording.Inline{Text: ": " + text})
}

// clean makes line ends alike, and blanks of tabs.
func clean(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(text)
}
