package wording

import (
	"strings"

	"letterhead/wording/clean"
	"letterhead/wording/code"
	"letterhead/wording/encode"
	"letterhead/wording/field"
)

// Remark says which value was not merged as given, and why. It holds no value.
type Remark struct {
	Field  Field
	Reason clean.Reason
}

type span struct{ from, to uint32 }

// Rendered is one message. Its slices lie in the buffer that Render was given, so it lives as long as that.
type Rendered struct {
	Subject []byte // the Subject header's value, encoded and folded
	Body    []byte // MIME body to Compiled.ContentType, lines ended by CRLF
	SMS     []byte // UTF-8, nil when the language has no text message
	Remarks []Remark
	Buffer  []byte // to be given to the next Render once this message is done with

	compiled *Compiled
	given    *Values
	book     *Book
	marks    uint32 // of '<' and '@' that the body may have
	values   [field.Merged]span
	merged   int // bytes of values at the buffer's beginning
	present  facts
	missing  facts // required and not there
	replaced facts // given but refused
}

// ContentType is the value of the Content-Type header.
func (r *Rendered) ContentType() string { return r.compiled.contentType }

// Compiled is what r was rendered from.
func (r *Rendered) Compiled() *Compiled { return r.compiled }

// Missing lists the fields that had to have a value and had none; such a message is not fit to be sent.
func (r *Rendered) Missing() []Field {
	var out []Field
	for i := range field.Merged {
		if r.missing&present(i) != 0 {
			out = append(out, i.Name())
		}
	}
	return out
}

// Render is RenderWith without a directory: the practice's texts come with the values.
func (c *Compiled) Render(buffer []byte, values *Values) Rendered {
	return c.RenderWith(nil, buffer, values)
}

// RenderWith merges values into buffer, which it overwrites and grows; what the practice calls its own comes from book. It never fails: a value that is not fit is
// replaced by its fallback, with a remark.
func (c *Compiled) RenderWith(book *Book, buffer []byte, values *Values) Rendered {
	r := Rendered{compiled: c, given: values, book: book}
	setting := field.Setting{Locale: c.locale, RTL: c.rtl, Book: book}
	buffer = buffer[:0]
	for _, i := range c.uses {
		buffer = r.resolve(buffer, i, &setting)
	}
	r.merged = len(buffer)
	r.missing = c.required &^ r.present
	for i := range field.Merged {
		if r.missing&present(i) != 0 && r.replaced&present(i) == 0 {
			r.Remarks = append(r.Remarks, Remark{i.Name(), clean.ReasonMissing})
		}
	}
	holds := factsOf(values) | r.present
	if want := len(buffer) + c.size + c.size/8 + 1024; cap(buffer) < want {
		grown := make([]byte, len(buffer), want)
		copy(grown, buffer)
		buffer = grown
	}
	subjectFrom := len(buffer)
	buffer = r.plain(buffer, c.subject, holds)
	bare := len(buffer)
	buffer = encode.AppendUnstructured(buffer, string(buffer[subjectFrom:bare]), len("Subject: ")) // the bare text stays before it, unused
	subjectFrom, subjectTo := bare, len(buffer)
	buffer = r.body(buffer, holds)
	bodyTo := len(buffer)
	buffer = r.plain(buffer, c.sms, holds)
	r.Subject, r.Body = buffer[subjectFrom:subjectTo:subjectTo], buffer[subjectTo:bodyTo:bodyTo]
	if sms := buffer[bodyTo:]; len(sms) > 0 {
		r.SMS = sms[1:] // every sentence brings its space
	}
	r.Buffer = buffer
	return r
}

// body writes the segments, keeping count of the column: soft breaks go where a line would grow beyond 76 characters.
func (r *Rendered) body(dst []byte, holds facts) []byte {
	col := 0
	segments := r.compiled.body
	for i := range segments {
		s := &segments[i]
		if s.need&^holds != 0 {
			continue
		}
		dst, col = s.Append(dst, col)
		r.marks += s.marks
		if !s.slotted {
			continue
		}
		if v := r.values[s.field]; v.to > v.from {
			dst, col = encode.AppendValue(dst, dst[v.from:v.to], s.at, col)
		} else {
			dst, col = encode.AppendValue(dst, s.fallback, s.at, col)
		}
	}
	return dst
}

// plain writes segments as they are: for headers and SMS, which are encoded as a whole.
func (r *Rendered) plain(dst []byte, segments []segment, holds facts) []byte {
	for i := range segments {
		s := &segments[i]
		if s.need&^holds != 0 {
			continue
		}
		dst = append(dst, s.Bytes...)
		if !s.slotted {
			continue
		}
		if at := r.values[s.field]; at.to > at.from {
			dst = append(dst, dst[at.from:at.to]...)
		} else {
			dst = append(dst, s.fallback...)
		}
	}
	return dst
}

// resolve writes the checked text of a field at the end of the buffer and remembers where.
func (r *Rendered) resolve(dst []byte, i field.Index, setting *field.Setting) []byte {
	from := len(dst)
	var reason clean.Reason
	switch i { //nolint:exhaustive // the others are fields of the table
	case field.Unsubscribe:
		dst, reason = appendPage(dst, r.given.Unsubscribe, r.compiled.leadsOut(r.given.Unsubscribe))
	case field.Confirm:
		dst, reason = appendPage(dst, r.given.Confirm, r.compiled.portal.Answers(r.given.Confirm))
	case field.Decline:
		dst, reason = appendPage(dst, r.given.Decline, r.compiled.portal.Answers(r.given.Decline))
	case field.Code:
		dst, reason = appendCode(dst, r.given.Code)
	default:
		dst, reason = setting.Append(dst, i, r.given)
	}
	if reason != "" {
		if reason != clean.ReasonMissing || i.Info().Source == field.TypedByPerson {
			r.replaced |= present(i)
			r.Remarks = append(r.Remarks, Remark{i.Name(), reason})
		}
		return dst[:from]
	}
	r.values[i] = span{uint32(from), uint32(len(dst))}
	r.present |= present(i)
	return dst
}

// appendPage writes the address of a page of the recipient's own, where a link may lead there.
func appendPage(dst []byte, address string, may bool) ([]byte, clean.Reason) {
	switch {
	case address == "":
		return dst, clean.ReasonMissing
	case !may:
		return dst, clean.ReasonLink
	}
	return append(dst, address...), ""
}

// appendCode writes the mail's code in its groups.
func appendCode(dst []byte, given string) ([]byte, clean.Reason) {
	c, ok := code.Parse(given)
	switch {
	case given == "":
		return dst, clean.ReasonMissing
	case !ok:
		return dst, clean.ReasonShape
	}
	return c.Append(dst), ""
}

// leadsOut tells whether an address may end messages: on a host of the version, or a page of the portal.
func (c *Compiled) leadsOut(address string) bool {
	return c.portal.Owns(address) || !strings.Contains(address, "@") && clean.URL("unsubscribe", address, c.own.Hosts) == nil
}
