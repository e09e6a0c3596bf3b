package transfer

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"letterhead/calendar"
	"letterhead/client"
	"letterhead/practice"
	"letterhead/transfer/sheet"
	"letterhead/transfer/words"
	"letterhead/wording"
	"letterhead/zone"
)

// reader is what reading rows needs to know; it opens nothing and writes nothing.
type reader struct {
	words   words.Words
	order   sheet.Order
	country string
	zone    string               // the practice's
	today   zone.Date            // there
	places  map[string]placeName // locations by folded name, in use here or met in the file
	names   map[string]string    // practitioners and services: "kind\x00folded" → the spelling that is used
	met     map[string]int       // how many of each kind were met that are not here yet
	minutes map[string]int       // of each service met: its first appointment's
	first   string               // the zone of the practice's first location
}

type placeName struct{ name, zone string }

// row is one record with its cells by column.
type row struct {
	layout  *words.Layout
	line    int
	cells   []string
	id      string
	refused bool
	remarks []Remark
}

// newRow trims and checks every cell. What PostgreSQL cannot hold or a message must not carry is refused here, once.
func newRow(l *words.Layout, r sheet.Record) *row {
	w := &row{layout: l, line: r.Line, cells: make([]string, len(l.Columns))}
	switch {
	case r.Fault != "":
		w.refuse(-1, r.Fault, sheet.Damage[r.Fault], "")
		return w
	case len(r.Fields) != l.Width:
		w.refuse(-1, "columns", "the row has "+strconv.Itoa(len(r.Fields))+" columns, the headings are "+strconv.Itoa(l.Width)+"; write a comma within a field in quotation marks", "")
	}
	for i, c := range l.Columns {
		if l.At[i] < 0 || l.At[i] >= len(r.Fields) {
			continue
		}
		text := strings.TrimSpace(r.Fields[l.At[i]])
		if !utf8.ValidString(text) {
			w.refuse(i, "encoding", "this is not UTF-8, though the file begins as such; export it again as CSV UTF-8", "")
			continue
		}
		if !plain(text) {
			text = norm.NFC.String(text)
		}
		if !c.Lines && strings.ContainsAny(text, "\n\t\u2028\u2029") {
			text = strings.Join(strings.Fields(text), " ")
		}
		if bad := invisible(text); bad != 0 {
			w.refuse(i, "invisible", "there is an invisible character (U+"+strings.ToUpper(strconv.FormatInt(int64(bad), 16))+") in it; remove it", "")
			continue
		}
		w.cells[i] = text
	}
	w.id = w.cells[0]
	if !w.refused {
		w.bound()
	}
	return w
}

// bound cuts nothing: what is too long for what it is refuses the row, except an alert or a title, which only lose their end.
func (w *row) bound() {
	for i, c := range w.layout.Columns {
		text := w.cells[i]
		if len(text) <= c.Most || utf8.RuneCountInString(text) <= c.Most {
			continue
		}
		if c.Field == "alert" || c.Field == "title" {
			w.cells[i] = strings.TrimSpace(string([]rune(text)[:c.Most]))
			w.remark(i, "cut", "longer than "+strconv.Itoa(c.Most)+" characters; the end was cut off", "")
			continue
		}
		w.refuse(i, "too_long", "longer than "+strconv.Itoa(c.Most)+" characters", text)
	}
	if w.id == "" {
		w.refuse(0, "no_id", "the row has no id, by which it would be known the next time", "")
	}
}

func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// invisible finds controls and marks that override the direction of text; the joiners and plain direction marks belong to names.
func invisible(text string) rune {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case r < 0x20 || r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == utf8.RuneError,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0xe0000 && r <= 0xe007f:
			return r
		}
	}
	return 0
}

func (w *row) remark(column int, reason, say, value string) {
	m := Remark{File: w.layout.File, Line: w.line, Row: words.Cut(w.id, 40), Reason: reason, Say: say, Value: value}
	if column >= 0 {
		m.Column = w.layout.Headings[column]
	}
	w.remarks = append(w.remarks, m)
}

func (w *row) refuse(column int, reason, say, value string) {
	w.remark(column, reason, say, value)
	w.remarks[len(w.remarks)-1].Refused = true
	w.refused = true
}

// client reads a row of clients.csv. What is doubtful about a person is remarked on and left empty, for a refused client would take all their
// appointments along; only what could send a message against somebody's will refuses the row.
func (r *reader) client(w *row) client.Staged {
	c := client.Client{
		External: w.id, Title: w.cells[words.ClientTitle], FirstName: w.cells[words.ClientFirst], LastName: w.cells[words.ClientLast], PreferredName: w.cells[words.ClientPreferred],
		Alert: w.cells[words.ClientAlert],
	}
	if c.FirstName == "" && c.LastName == "" {
		w.remark(words.ClientLast, "no_name", "there is no name", "")
	}
	for _, name := range []struct {
		column int
		text   string
	}{{words.ClientFirst, c.FirstName}, {words.ClientPreferred, c.PreferredName}} {
		if reason := wording.Unfit("recipient.first_name", name.text); name.text != "" && reason != "" {
			w.remark(name.column, "name_unshown", "messages cannot call somebody by this and say what the template has instead; it was kept as written", name.text)
		}
	}
	c.Born = r.born(w)
	c.Email = client.NormaliseEmail(w.cells[words.ClientEmail])
	if c.Email.State == client.Bad {
		w.remark(words.ClientEmail, "email_bad", "this is no e-mail address; it was kept as written and is not used", w.cells[words.ClientEmail])
	}
	c.Mobile = client.NormaliseMobile(w.cells[words.ClientMobile], r.country)
	switch {
	case c.Mobile.Costly(r.country):
		w.remark(words.ClientMobile, "mobile_costly", "this is a premium-rate or shared-cost number, which takes no text messages; it was kept as written and is not used", w.cells[words.ClientMobile])
	case c.Mobile.State == client.Bad:
		w.remark(words.ClientMobile, "mobile_bad", "this cannot be a phone number; it was kept as written and is not used", w.cells[words.ClientMobile])
	}
	var ok bool
	if c.Reminders, ok = r.words.Reminders[words.Fold(w.cells[words.ClientReminders])]; !ok {
		c.Reminders = client.NoReminders
		w.remark(words.ClientReminders, "reminder_word", "this is no way of reminding that is known: no reminders, until somebody asks the client; or say what it means in the mapping file, under [reminders]", w.cells[words.ClientReminders])
	}
	if name := w.cells[words.ClientZone]; name != "" {
		if _, err := zone.Load(name); err == nil {
			c.Zone = name
		} else {
			w.remark(words.ClientZone, "zone_unknown", "no such time zone; the practice's is used", name)
		}
	}
	if name := w.cells[words.ClientLanguage]; name != "" {
		if language, err := practice.Language("language", name); err == nil {
			c.Language = language
		} else {
			w.remark(words.ClientLanguage, "language_unknown", "no such language; the practice's is used", name)
		}
	}
	s := client.Staged{Line: w.line, Client: c}
	if text := w.cells[words.ClientMarketing]; text != "" {
		switch yes, known := words.YesNo[words.Fold(text)]; {
		case !known:
			w.remark(words.ClientMarketing, "marketing_word", "neither Yes nor No: nothing was recorded, and no marketing is sent", text)
		case yes:
			s.Marketing = "yes"
		default:
			s.Marketing = "no"
		}
	}
	if text := w.cells[words.ClientArchived]; text != "" {
		archived, known := words.YesNo[words.Fold(text)]
		if !known {
			w.refuse(words.ClientArchived, "archived_word", "neither Yes nor No; whether this person may still be written to cannot be known", text)
		}
		if archived {
			s.ArchivedAt = time.Unix(1, 0) // the flip's instant is set when it is staged
		}
	}
	return s
}

func (r *reader) born(w *row) string {
	text := w.cells[words.ClientBorn]
	if text == "" {
		return ""
	}
	d, why := sheet.ParseDate(text, r.order)
	switch {
	case why != "":
		w.remark(words.ClientBorn, "born_"+why, dateSays[why]+"; the date of birth was left empty", text)
	case r.today.Before(d):
		w.remark(words.ClientBorn, "born_future", "this day is still to come; the date of birth was left empty", text)
	case d.Year < 1880:
		w.remark(words.ClientBorn, "born_past", "nobody is that old; the date of birth was left empty", text)
	default:
		return d.String()
	}
	return ""
}

var dateSays = map[string]string{
	"date_form":       "this is no date; write it like 31/12/2026",
	"date_year":       "the year must have four digits",
	"date_impossible": "there is no such day in the calendar",
}

// appointment reads a row of appointments.csv, all but the client.
func (r *reader) appointment(w *row) calendar.Staged {
	s := calendar.Staged{Line: w.line, External: w.id}
	s.Practitioner = r.name(w, words.AppointmentPractitioner, "practitioner")
	s.Service = r.name(w, words.AppointmentService, "service")
	r.place(w, &s)
	minutes, err := strconv.Atoi(w.cells[words.AppointmentMinutes])
	if err != nil || minutes < 1 || minutes > calendar.MaxMinutes {
		w.refuse(words.AppointmentMinutes, "minutes", "write whole minutes, from 1 to 1440", w.cells[words.AppointmentMinutes])
	}
	s.Minutes = minutes
	if known, ok := r.words.Statuses[words.Fold(w.cells[words.AppointmentStatus])]; ok {
		s.Booking, s.Confirmation, s.Attendance, s.Late = known.Booking, known.Confirmation, known.Attendance, known.Late
	} else {
		w.refuse(words.AppointmentStatus, "status_word", "this status is not known, so whether to remind cannot be known; say what it means in the mapping file, under [statuses]", w.cells[words.AppointmentStatus])
	}
	r.when(w, &s)
	if _, met := r.minutes[s.Service]; !met && !w.refused {
		r.minutes[s.Service] = minutes
	}
	return s
}

// when reads date and time on the wall of the location.
func (r *reader) when(w *row, s *calendar.Staged) {
	d, why := sheet.ParseDate(w.cells[words.AppointmentDate], r.order)
	if why != "" {
		w.refuse(words.AppointmentDate, why, dateSays[why], w.cells[words.AppointmentDate])
	} else if d.Year < 1900 || d.Year > r.today.Year+calendar.MaxYears {
		w.refuse(words.AppointmentDate, "date_far", "this is too far from today", w.cells[words.AppointmentDate])
	}
	minute, ok := sheet.ParseClock(w.cells[words.AppointmentTime])
	if !ok {
		w.refuse(words.AppointmentTime, "time", "this is no time of day; write it like 14:05 or 2:05 PM", w.cells[words.AppointmentTime])
	}
	if w.refused {
		return
	}
	location, err := zone.Load(s.Zone)
	if err != nil {
		w.refuse(words.AppointmentLocation, "zone_unknown", "the location's time zone is not known; correct it in the location's settings", s.Zone)
		return
	}
	s.Wall = zone.Wall{Date: d, Minute: minute}
	at, fit, from, to := zone.Resolve(s.Wall, location)
	written := w.cells[words.AppointmentDate] + " " + w.cells[words.AppointmentTime]
	switch fit {
	case zone.Never:
		w.refuse(words.AppointmentTime, "gap", "this time does not exist in "+s.Zone+": clocks go from "+from.String()+" to "+to.String()+" that day", written)
		return
	case zone.Twice:
		w.remark(words.AppointmentTime, "twice", "this time occurs twice in "+s.Zone+", for clocks go back that day; the first was taken", written)
	}
	s.Starts = at.UnixMicro()
	s.Ends = at.Add(time.Duration(s.Minutes) * time.Minute).UnixMicro()
}

// name finds the spelling in use of a practitioner or service: names that differ in case and blanks alone are one.
func (r *reader) name(w *row, column int, kind string) string {
	text := strings.Join(strings.Fields(w.cells[column]), " ")
	if text == "" {
		w.refuse(column, "no_"+kind, "there is no "+kind, "")
		return ""
	}
	key := kind + "\x00" + words.Fold(text)
	if known, ok := r.names[key]; ok {
		return known
	}
	if w.refused || !r.room(w, column, kind) {
		return text
	}
	r.names[key] = text
	return text
}

// room bounds how many things an import makes.
func (r *reader) room(w *row, column int, kind string) bool {
	if r.met[kind] >= practice.MaxThings/2 {
		w.refuse(column, "too_many", "this would be more than "+strconv.Itoa(practice.MaxThings/2)+" new ones; is this the right column?", "")
		return false
	}
	r.met[kind]++
	return true
}

// place finds where and how an appointment is. Video is held at the practice's first location, whose zone counts.
func (r *reader) place(w *row, s *calendar.Staged) {
	text := strings.Join(strings.Fields(w.cells[words.AppointmentLocation]), " ")
	key := words.Fold(text)
	s.Mode, s.Zone = practice.InPerson, r.first
	if mode, ok := r.words.Places[key]; ok {
		s.Mode = mode
		return
	}
	if text == "" {
		return
	}
	known, ok := r.places[key]
	if !ok {
		known = placeName{text, r.zone}
		if !w.refused && r.room(w, words.AppointmentLocation, "location") {
			r.places[key] = known
		}
	}
	s.Location, s.Zone = known.name, known.zone
}
