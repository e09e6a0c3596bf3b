package client

import (
	"strings"

	"letterhead/practice"
)

// NormaliseEmail judges what was written as an e-mail address.
func NormaliseEmail(written string) Address {
	written = strings.TrimSpace(written)
	if written == "" {
		return Address{State: None}
	}
	if normal, ok := practice.NormalEmail(written); ok {
		return Address{Written: written, Normal: normal, State: Good}
	}
	return Address{Written: written, State: Bad}
}

// NormaliseMobile judges what was written as a phone number, by the country's habits: a possible number counts, for new ranges are opened faster
// than lists of valid ones are updated; a premium-rate or shared-cost number does not, for it takes no text messages.
func NormaliseMobile(written, country string) Address {
	written = strings.TrimSpace(written)
	if written == "" {
		return Address{State: None}
	}
	if normal, ok := practice.NormalMobile(written, country); ok {
		return Address{Written: written, Normal: normal, State: Good}
	}
	return Address{Written: written, State: Bad}
}

// Costly tells that a mobile is bad because it is a premium-rate or shared-cost number, and not because it is no number at all.
func (a Address) Costly(country string) bool {
	_, phone := practice.NormalPhone(a.Written, country)
	return a.State == Bad && phone
}
