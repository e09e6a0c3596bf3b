package draft

import (
	"slices"

	"letterhead/fault"
	"letterhead/wording"
	"letterhead/wording/locale"
)

// At says which part of a draft is meant, and which edition of the draft the caller has read.
type At struct {
	Language string
	ID       int
	Read     int64
}

// ErrLanguage is returned for a language that the draft does not have.
var ErrLanguage = fault.New(fault.NotFound, "draft.language", "this template does not have that language")

// In returns a language of the draft with its parts.
func (d *Draft) In(tag string) (*wording.Language, *Parts, error) {
	for i := range d.Version.Languages {
		if d.Version.Languages[i].Tag == tag {
			return &d.Version.Languages[i], &d.Parts[i], nil
		}
	}
	return nil, nil, ErrLanguage
}

// Index is where a part stands, -1 when it is gone.
func Index(parts []Part, id int) int {
	return slices.IndexFunc(parts, func(p Part) bool { return p.ID == id })
}

// reach finds a part that has not been changed since it was read.
func reach(parts []Part, at At) (int, error) {
	i := Index(parts, at.ID)
	switch {
	case i < 0:
		return 0, ErrGone
	case parts[i].Edition > at.Read:
		return 0, ErrMeanwhile
	}
	return i, nil
}

// SetHead writes a language's subject and preview line.
func (d *Draft) SetHead(at At, subject, preheader []wording.Inline) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	if parts.Head > at.Read {
		return ErrMeanwhile
	}
	l.Subject, l.Preheader, parts.Head = subject, preheader, d.Edition
	return nil
}

// SetBlock writes a block anew.
func (d *Draft) SetBlock(at At, b wording.Block) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	i, err := reach(parts.Blocks, at)
	if err != nil {
		return err
	}
	l.Blocks[i], parts.Blocks[i].Edition = b, d.Edition
	return nil
}

// AddBlock adds a block below the one that at names, or as the last above the footer when it names none. It returns the new one's name.
func (d *Draft) AddBlock(at At, b wording.Block) (int, error) {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return 0, err
	}
	i := Index(parts.Blocks, at.ID) + 1
	if i == 0 || i > d.last(l) {
		i = d.last(l)
	}
	made := d.part()
	l.Blocks, parts.Blocks = slices.Insert(l.Blocks, i, b), slices.Insert(parts.Blocks, i, made)
	return made.ID, nil
}

// last is where the footer stands, which stays the last.
func (d *Draft) last(l *wording.Language) int {
	if n := len(l.Blocks); n > 0 && l.Blocks[n-1].Kind == wording.FooterBlock {
		return n - 1
	}
	return len(l.Blocks)
}

// MoveBlock moves a block by a number of places, as far as there are any; the footer stays where it is.
func (d *Draft) MoveBlock(at At, by int) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	return move(l.Blocks, parts.Blocks, at.ID, by, d.last(l))
}

// RemoveBlock takes a block out.
func (d *Draft) RemoveBlock(at At) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	i, err := reach(parts.Blocks, at)
	if err != nil {
		return err
	}
	l.Blocks, parts.Blocks = slices.Delete(l.Blocks, i, i+1), slices.Delete(parts.Blocks, i, i+1)
	return nil
}

// SetSentence writes a sentence of the text message anew.
func (d *Draft) SetSentence(at At, s wording.Sentence) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	i, err := reach(parts.Sentences, at)
	if err != nil {
		return err
	}
	l.SMS[i], parts.Sentences[i].Edition = s, d.Edition
	return nil
}

// AddSentence adds a sentence at the end, or below the one that at names. It returns the new one's name.
func (d *Draft) AddSentence(at At, s wording.Sentence) (int, error) {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return 0, err
	}
	i := Index(parts.Sentences, at.ID) + 1
	if i == 0 {
		i = len(l.SMS)
	}
	made := d.part()
	l.SMS, parts.Sentences = slices.Insert(l.SMS, i, s), slices.Insert(parts.Sentences, i, made)
	return made.ID, nil
}

// MoveSentence moves a sentence by a number of places, as far as there are any.
func (d *Draft) MoveSentence(at At, by int) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	return move(l.SMS, parts.Sentences, at.ID, by, len(l.SMS))
}

// RemoveSentence takes a sentence out.
func (d *Draft) RemoveSentence(at At) error {
	l, parts, err := d.In(at.Language)
	if err != nil {
		return err
	}
	i, err := reach(parts.Sentences, at)
	if err != nil {
		return err
	}
	l.SMS, parts.Sentences = slices.Delete(l.SMS, i, i+1), slices.Delete(parts.Sentences, i, i+1)
	return nil
}

// move moves one of the first n things and its name.
func move[T any](things []T, parts []Part, id, by, n int) error {
	from := Index(parts, id)
	if from < 0 {
		return ErrGone
	}
	if from >= n {
		return nil
	}
	to := max(0, min(n-1, from+by))
	thing, part := things[from], parts[from]
	moved := slices.Insert(slices.Delete(slices.Clone(things), from, from+1), to, thing)
	names := slices.Insert(slices.Delete(slices.Clone(parts), from, from+1), to, part)
	copy(things, moved)
	copy(parts, names)
	return nil
}

// AddLanguage adds a language that says what another one says, to be translated.
func (d *Draft) AddLanguage(tag, from string) error {
	source, _, err := d.In(from)
	if err != nil {
		return err
	}
	if _, there := d.Version.Language(tag); there {
		return fault.Field("tag", "draft.language_twice", "this template has that language already; choose another")
	}
	words := instead{from: locale.Of(from).Fallbacks, to: locale.Of(tag).Fallbacks}
	made := wording.Language{Tag: tag, Subject: words.in(source.Subject), Preheader: words.in(source.Preheader)}
	for _, b := range source.Blocks {
		b.Content, b.Paragraphs = words.in(b.Content), slices.Clone(b.Paragraphs)
		for i := range b.Paragraphs {
			b.Paragraphs[i].Content = words.in(b.Paragraphs[i].Content)
		}
		made.Blocks = append(made.Blocks, b)
	}
	for _, s := range source.SMS {
		made.SMS = append(made.SMS, wording.Sentence{When: s.When, Content: words.in(s.Content)})
	}
	d.Version.Languages = append(d.Version.Languages, made)
	d.Parts = append(d.Parts, d.named(&made))
	return nil
}

// instead is what stands for fields whose value is not known, in two languages.
type instead struct{ from, to map[string]string }

// in copies a run, with the words of the language that it came from where the other has none of its own.
func (w instead) in(run []wording.Inline) []wording.Inline {
	out := slices.Clone(run)
	for i := range out {
		if name := string(out[i].Field); out[i].Fallback == "" && w.to[name] == "" {
			out[i].Fallback = w.from[name]
		}
	}
	return out
}

// RemoveLanguage takes a language out that nobody has changed since the edition that was read. The default and the last one stay.
func (d *Draft) RemoveLanguage(tag string, read int64) error {
	for i := range d.Version.Languages {
		if d.Version.Languages[i].Tag != tag {
			continue
		}
		if tag == d.Version.DefaultLanguage {
			return fault.Field("tag", "draft.language_default", "those whose language is not among these get this one; make another one the default first")
		}
		p := d.Parts[i]
		for _, part := range slices.Concat([]Part{{Edition: p.Head}}, p.Blocks, p.Sentences) {
			if part.Edition > read {
				return ErrMeanwhile
			}
		}
		d.Version.Languages, d.Parts = slices.Delete(d.Version.Languages, i, i+1), slices.Delete(d.Parts, i, i+1)
		return nil
	}
	return ErrLanguage
}

// SetDefault says which language those get whose own is not among the template's.
func (d *Draft) SetDefault(tag string) error {
	if _, _, err := d.In(tag); err != nil {
		return err
	}
	d.Version.DefaultLanguage = tag
	return nil
}

// SetHosts says where links may lead, besides the practice's website.
func (d *Draft) SetHosts(hosts []string) {
	d.Version.Hosts = sorted(slices.Clone(hosts))
}
