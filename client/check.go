package client

import (
	"time"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/wording/clean"
	"letterhead/zone"
)

// checked returns c with every text in its stored form. An address that is none is refused, unless it stands there already (old): an imported
// "None" must not keep anybody from correcting a name.
func checked(c, old Client, country string, now time.Time) (Client, error) {
	for _, text := range []struct {
		field string
		value *string
		most  int
	}{
		{"title", &c.Title, MaxName}, {"first_name", &c.FirstName, MaxName}, {"last_name", &c.LastName, MaxName}, {"preferred_name", &c.PreferredName, MaxName},
		{"external", &c.External, MaxName}, {"email", &c.Email.Written, 254}, {"mobile", &c.Mobile.Written, 60},
	} {
		stored, err := practice.Text(text.field, *text.value, text.most)
		if err != nil {
			return Client{}, err
		}
		*text.value = stored
	}
	if c.FirstName == "" && c.LastName == "" {
		return Client{}, fault.Field("last_name", "client.name", "give the client a first or a last name")
	}
	err := named([]typedName{{"first_name", c.FirstName, old.FirstName}, {"last_name", c.LastName, old.LastName}, {"preferred_name", c.PreferredName, old.PreferredName}})
	if err != nil {
		return Client{}, err
	}
	if c.Alert, err = practice.Lines("alert", c.Alert, MaxAlert); err != nil {
		return Client{}, err
	}
	if c.Born, err = Born("born", c.Born, now); err != nil {
		return Client{}, err
	}
	if c.Language, c.Zone, err = languageAndZone(c.Language, c.Zone); err != nil {
		return Client{}, err
	}
	if !c.Reminders.Valid() {
		return Client{}, fault.Field("reminders", "client.reminders", "choose email, sms, both, none, or nothing for the practice's default")
	}
	c.Email, c.Mobile, err = addresses(c.Email, c.Mobile, old.Email, old.Mobile, country)
	return c, err
}

func checkedContact(c, old Contact, country string) (Contact, error) {
	for _, text := range []struct {
		field string
		value *string
		most  int
	}{{"name", &c.Name, MaxName}, {"relation", &c.Relation, MaxName}, {"email", &c.Email.Written, 254}, {"mobile", &c.Mobile.Written, 60}} {
		stored, err := practice.Text(text.field, *text.value, text.most)
		if err != nil {
			return Contact{}, err
		}
		*text.value = stored
	}
	if c.Name == "" {
		return Contact{}, fault.Field("name", "client.name", "give the contact a name")
	}
	if err := named([]typedName{{"name", c.Name, old.Name}}); err != nil {
		return Contact{}, err
	}
	if c.Receives == Unset {
		c.Receives = NoReminders
	}
	if !c.Receives.Valid() {
		return Contact{}, fault.Field("receives", "client.receives", "choose email, sms, both or none")
	}
	var err error
	if c.Language, c.Zone, err = languageAndZone(c.Language, c.Zone); err != nil {
		return Contact{}, err
	}
	c.Email, c.Mobile, err = addresses(c.Email, c.Mobile, old.Email, old.Mobile, country)
	return c, err
}

type typedName struct{ field, now, old string }

// named refuses names that no message could show: addresses, numbers, signs, two alphabets in a word. An imported one may stay until somebody changes it.
func named(names []typedName) error {
	for _, n := range names {
		if n.now == "" || n.now == n.old {
			continue
		}
		if reason := clean.Check(clean.NameValue, MaxName, clean.Tidy(n.now)); reason != "" {
			return fault.Field(n.field, "client.name_"+string(reason), "%s", reason.Say(MaxName))
		}
	}
	return nil
}

func languageAndZone(language, zoneName string) (string, string, error) {
	language, err := practice.Language("language", language)
	if err != nil {
		return "", "", err
	}
	zoneName, err = practice.Zone("zone", zoneName)
	return language, zoneName, err
}

func addresses(email, mobile, oldEmail, oldMobile Address, country string) (Address, Address, error) {
	email, mobile = NormaliseEmail(email.Written), NormaliseMobile(mobile.Written, country)
	if email.State == Bad && email.Written != oldEmail.Written {
		return email, mobile, fault.Field("email", "client.email", "this is no e-mail address; write it as name@example.com, or leave it empty")
	}
	if mobile.Costly(country) && mobile.Written != oldMobile.Written {
		return email, mobile, fault.Field("mobile", "client.mobile_costly", "this is a premium-rate or shared-cost number, which takes no text messages; give the client's own, or leave it empty")
	}
	if mobile.State == Bad && mobile.Written != oldMobile.Written {
		return email, mobile, fault.Field("mobile", "client.mobile", "this cannot be a phone number; write it with its area or country code, or leave it empty")
	}
	return email, mobile, nil
}

// oldest is the first year of birth that is taken: the oldest person known was born in 1875.
const oldest = 1870

// Born checks a date of birth: a day of the calendar, written 2026-12-01, not in the future. "" is returned as it is.
func Born(field, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	day, err := zone.ParseDate(text)
	if err != nil {
		return "", fault.Field(field, "client.born", "there is no such day; write it as 1980-12-31")
	}
	if day.Year < oldest || zone.DateOf(now.UTC()).Add(1).Before(day) {
		return "", fault.Field(field, "client.born", "nobody alive was born on that day; write it as 1980-12-31")
	}
	return day.String(), nil
}
