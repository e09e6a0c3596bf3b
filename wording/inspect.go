package wording

import (
	"slices"

	"letterhead/wording/clean"
	"letterhead/wording/encode"
)

// FindingName names what Inspect may find. Any finding means: do not send.
type FindingName string

const (
	FindingMissing     FindingName = "value-missing"    // a field that had to have a value has none
	FindingLink        FindingName = "link"             // a link that is not https on a signed host
	FindingAutoLink    FindingName = "text-link"        // text that mail programs make a web or e-mail link, not in the signed directory
	FindingPhone       FindingName = "text-phone"       // a number to ring that is not in the signed directory
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

// Inspect looks at a rendered message: nothing in it may be other than what was signed. The static part was held to the same rules by Compile. signed is what
// the practice signed beside the version: the phones of its locations, for instance.
func Inspect(r *Rendered, signed ...Directory) []Finding {
	if r.compiled == nil {
		return []Finding{{Name: FindingNotCompiled}}
	}
	var found []Finding
	report := func(name FindingName, f Field) { found = append(found, Finding{name, f}) }
	c := r.compiled
	for _, f := range r.Missing() {
		if f == unsubscribeURL.name() {
			report(FindingNoWayOut, f)
			continue
		}
		report(FindingMissing, f)
	}
	merged := string(r.Buffer[:r.merged])
	for _, i := range c.uses {
		at := r.values[i]
		if at.from == at.to {
			continue
		}
		if name := c.inspectValue(i, merged[at.from:at.to], signed); name != "" {
			report(name, i.name())
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
	if r.SMS != nil {
		if _, units := encode.Measure(string(r.SMS)); units > encode.MaxSMSUnits {
			report(FindingSMSLength, "sms")
		}
	}
	return found
}

// inspectValue holds one merged value against its type and the signed directory, "" when it is fit.
func (c *Compiled) inspectValue(i fieldIndex, value string, signed []Directory) FindingName {
	if i == unsubscribeURL {
		if clean.URL("unsubscribe", value, c.directory.Hosts) != nil {
			return FindingLink
		}
		return ""
	}
	info := &fieldTable[i]
	switch reason := clean.Check(info.Type, info.Max, value); reason {
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
	if i == locationPhone {
		var digits []byte
		for j := range len(value) {
			if value[j] >= '0' && value[j] <= '9' {
				digits = append(digits, value[j])
			}
		}
		if !c.directory.KnowsPhone(string(digits)) && !slices.ContainsFunc(signed, func(d Directory) bool { return d.KnowsPhone(string(digits)) }) {
			return FindingPhone
		}
	}
	return ""
}
