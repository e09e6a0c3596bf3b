package wording

import (
	"bytes"
	"slices"

	"letterhead/wording/clean"
	"letterhead/wording/code"
	"letterhead/wording/encode"
	"letterhead/wording/field"
)

// FindingName names what Inspect may find. Any finding means: do not send.
type FindingName string

const (
	FindingMissing     FindingName = "value-missing"    // a field that had to have a value has none
	FindingLink        FindingName = "link"             // a link that is not https on a signed host
	FindingAutoLink    FindingName = "text-link"        // text that mail programs make a web or e-mail link, not in the signed directory
	FindingPhone       FindingName = "text-phone"       // a number to ring that is not in the signed directory
	FindingUnsigned    FindingName = "unsigned"         // a text of the practice that is not the signed directory's
	FindingMarkup      FindingName = "markup"           // an element or an address more than the version has
	FindingValue       FindingName = "value-character"  // a merged value with characters its type does not have
	FindingConfusable  FindingName = "confusable"       // a word in two alphabets
	FindingHeader      FindingName = "header"           // a header that is too long, or would end or begin a line of its own
	FindingLine        FindingName = "body-line"        // a body line beyond 76 characters or a bare CR or LF
	FindingSMSLength   FindingName = "sms-length"       // more than six parts
	FindingSize        FindingName = "size"             // bigger than this version can be
	FindingNotCompiled FindingName = "not-compiled"     // not made by Render
	FindingNoWayOut    FindingName = "unsubscribe-none" // marketing without its link
)

// Finding is one thing wrong with a rendered message. It holds no value.
type Finding struct {
	Name  FindingName
	Field Field // the merged field it is about, empty for the message as a whole
}

// Inspect looks at a rendered message: nothing in it may be other than what was signed. The static part was held to the same rules by Compile. What comes from a
// directory must be that directory's, letter for letter; signed is for messages rendered without one, whose place's phone must be known.
func Inspect(r *Rendered, signed ...Directory) []Finding {
	if r.compiled == nil {
		return []Finding{{Name: FindingNotCompiled}}
	}
	var found []Finding
	report := func(name FindingName, f Field) { found = append(found, Finding{name, f}) }
	c := r.compiled
	if r.missing != 0 {
		for _, f := range r.Missing() {
			if f == field.Unsubscribe.Name() {
				report(FindingNoWayOut, f)
				continue
			}
			report(FindingMissing, f)
		}
	}
	for _, i := range c.uses {
		at := r.values[i]
		if at.from == at.to {
			continue
		}
		if name := r.inspectValue(i, r.Buffer[at.from:at.to], signed); name != "" {
			report(name, i.Name())
		}
	}
	if !encode.HeaderFit(r.Subject) {
		report(FindingHeader, "subject")
	}
	if !encode.LinesFit(r.Body) {
		report(FindingLine, "")
	}
	if len(r.Body) > c.most {
		report(FindingSize, "")
	}
	if marks(r.Body) != r.marks {
		report(FindingMarkup, "")
	}
	if r.SMS != nil && encode.Units(r.SMS) > encode.MaxSMSUnits {
		report(FindingSMSLength, "sms")
	}
	return found
}

// inspectValue holds one merged value against its type and what was signed, "" when it is fit.
func (r *Rendered) inspectValue(i field.Index, value []byte, signed []Directory) FindingName {
	info := i.Info()
	switch {
	case i == field.Unsubscribe:
		if !r.compiled.leadsOut(string(value)) {
			return FindingLink
		}
		return ""
	case i == field.Confirm || i == field.Decline:
		if !r.compiled.portal.Answers(string(value)) {
			return FindingLink
		}
		return ""
	case i == field.Code:
		if c, ok := code.Parse(string(value)); !ok || c.String() != string(value) {
			return FindingValue
		}
		return ""
	case info.Source == field.FromDirectory && r.book != nil:
		if text, reason := field.Signed(r.book, i, r.given); reason != "" || text != string(value) {
			return FindingUnsigned
		}
		return ""
	}
	switch reason := clean.CheckBytes(info.Type, info.Max, value); reason {
	case "":
	case clean.ReasonLink:
		return FindingAutoLink
	case clean.ReasonPhone:
		return FindingPhone
	case clean.ReasonMixed:
		return FindingConfusable
	default:
		return FindingValue
	}
	if i != field.LocationPhone {
		return ""
	}
	digits := digitsOf(value)
	if !r.compiled.own.KnowsPhone(digits) && !slices.ContainsFunc(signed, func(d Directory) bool { return d.KnowsPhone(digits) }) {
		return FindingPhone
	}
	return ""
}

func digitsOf(value []byte) string {
	return string(bytes.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, value))
}
