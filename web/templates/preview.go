package templates

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterhead/calendar"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/template/draft"
	"letterhead/web/mail"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
	"letterhead/wording/link"
	"letterhead/zone"
)

// look is how a preview is looked at. What an address does not say is the first of its list.
type look struct {
	language string
	view     string // mail, text, sms
	wide     string // desk, phone
	shade    string // light, dark
	as       string // a situation, or an appointment's id
	sms      bool   // the language has a text message
	tags     []string
	real     bool        // somebody wants real people offered
	people   []ui.Option // appointments whose names the visitor may read
}

var (
	views      = []string{"mail", "text", "sms"}
	wides      = []string{"desk", "phone"}
	shades     = []string{"light", "dark"}
	situations = []string{"usual", "first", "child", "video", "phone", "home", "unnamed", "away"}
)

// looked reads how somebody looks from the address.
func looked(v *page.Visit, of *wording.Version) look {
	l := look{language: v.Query("language"), view: among(views, v.Query("view")), wide: among(wides, v.Query("wide")), shade: among(shades, v.Query("shade")), as: v.Query("as"), real: v.Query("people") == "yes"}
	return l.over(of)
}

func (l look) over(of *wording.Version) look {
	l.tags = nil
	for i := range of.Languages {
		l.tags = append(l.tags, of.Languages[i].Tag)
	}
	if !slices.Contains(l.tags, l.language) {
		l.language = of.DefaultLanguage
	}
	said, _ := of.Language(l.language)
	l.sms = said != nil && len(said.SMS) > 0
	if l.as == "" {
		l.as = situations[0]
	}
	return l
}

func among(all []string, chosen string) string {
	if slices.Contains(all, chosen) {
		return chosen
	}
	return all[0]
}

// query is the look as an address says it, with some of it otherwise.
func (l look) query(pairs ...string) string {
	values := url.Values{"language": {l.language}, "view": {l.view}, "wide": {l.wide}, "shade": {l.shade}, "as": {l.as}}
	if l.real {
		values.Set("people", "yes")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// window is how far ahead appointments are offered for a preview, and mostPeople how many.
const (
	window     = 48 * time.Hour
	mostPeople = 20
)

// mayName tells whether the visitor may read who comes.
func mayName(v *page.Visit) bool { return v.May(guard.ClientRead) && v.May(guard.CalendarRead) }

// offer finds appointments to come whose names the visitor may read: only where somebody wants them, for it is on the access log.
func (l *look) offer(ctx context.Context, tx *store.Tx, v *page.Visit) error {
	if !mayName(v) || !l.real {
		return nil
	}
	n := 0
	entries, err := calendar.Day(ctx, tx, tx.Now, tx.Now.Add(window), func(e calendar.Entry) bool {
		if e.Booking != calendar.Booked || e.Hidden || len(e.People) == 0 || e.People[0].Hidden || n == mostPeople {
			return false
		}
		n++
		return true
	})
	for _, e := range entries {
		l.people = append(l.people, ui.Option{Value: string(e.ID), Say: page.Names(v.Text, e) + ", " + moment(v, e.Starts)})
	}
	return err
}

// values are what merges: an example's, or those of a real appointment.
func (l look) values(ctx context.Context, tx *store.Tx, v *page.Visit, of *wording.Version) (*wording.Values, error) {
	values := &wording.Values{}
	if slices.Contains(situations, l.as) {
		if err := example(ctx, tx, l.as, v, values); err != nil {
			return nil, err
		}
	} else if err := real(ctx, tx, l.as, v, values); err != nil {
		return nil, err
	}
	if of.Purpose == wording.Marketing {
		*values = wording.Values{Recipient: values.Recipient}
		if len(of.Hosts) > 0 {
			values.Unsubscribe = "https://" + of.Hosts[0] + "/unsubscribe/example"
		}
		return values, nil
	}
	values.Confirm, values.Decline = link.Example, link.Example
	return values, nil
}

// example is an appointment in a week, with the first of the practice's people, services and places.
func example(ctx context.Context, tx *store.Tx, as string, v *page.Visit, into *wording.Values) error {
	locations, err := practice.Locations(ctx, tx)
	if err != nil {
		return err
	}
	services, err := practice.Services(ctx, tx)
	if err != nil {
		return err
	}
	practitioners, err := practice.Practitioners(ctx, tx)
	if err != nil {
		return err
	}
	day := v.Now.In(v.Location).AddDate(0, 0, 7)
	at := wording.Wall{Year: day.Year(), Month: int(day.Month()), Day: day.Day(), Hour: 10}
	end := at
	end.Minute = 45
	*into = wording.Values{Recipient: wording.Person{First: "Fatima"}, Start: at, End: end, Minutes: 45, Zone: v.Practice.Zone, Mode: wording.ModeInPerson}
	if len(locations) > 0 {
		into.PlaceID = string(locations[0].ID)
	}
	if len(services) > 0 {
		into.ServiceID = string(services[0].ID)
	}
	if len(practitioners) > 0 {
		into.PractitionerID = string(practitioners[0].ID)
	}
	switch as {
	case "first":
		into.FirstVisit = true
	case "child":
		into.ForOther, into.Attendee = true, wording.Person{First: "Omar"}
	case "video":
		into.Mode = wording.ModeTelehealth
	case "phone":
		into.Mode = wording.ModePhone
	case "home":
		into.Mode = wording.ModeHomeVisit
	case "unnamed":
		into.Recipient = wording.Person{}
	case "away":
		into.ZoneDiffers = true
	}
	return nil
}

var modes = map[practice.Mode]wording.Mode{practice.InPerson: wording.ModeInPerson, practice.Video: wording.ModeTelehealth, practice.Phone: wording.ModePhone, practice.Home: wording.ModeHomeVisit}

// real is an appointment of the calendar, with its first attendee's name.
func real(ctx context.Context, tx *store.Tx, id string, v *page.Visit, into *wording.Values) error {
	if !mayName(v) {
		return template.ErrNotFound
	}
	found, err := calendar.Entries(ctx, tx, []calendar.ID{calendar.ID(id)})
	if err != nil {
		return err
	}
	e, known := found[calendar.ID(id)]
	if !known || e.Hidden || len(e.People) == 0 || e.People[0].Hidden {
		return template.ErrNotFound
	}
	place, err := zone.Load(e.Zone)
	if err != nil {
		return err
	}
	p := e.People[0]
	*into = wording.Values{Recipient: wording.Person{First: p.FirstName, Preferred: p.PreferredName}, Start: wall(e.Wall), End: wall(zone.WallOf(e.Ends.In(place))), Minutes: e.Minutes, Zone: e.Zone,
		Mode: modes[e.Mode], PlaceID: string(e.Location), ServiceID: string(e.Service), PractitionerID: string(e.Practitioner), FirstVisit: p.FirstVisit, Confirmed: p.Confirmation == calendar.Confirmed}
	return nil
}

func wall(w zone.Wall) wording.Wall {
	return wording.Wall{Year: w.Date.Year, Month: int(w.Date.Month), Day: w.Date.Day, Hour: w.Minute / 60, Minute: w.Minute % 60}
}

// shown is a version as somebody would get it.
type shown struct {
	mail  mail.Mail
	sms   string
	parts int
	units int
}

// render is what the courier does: the version compiled, the practice's own texts from its directory, the values merged.
func (l look) render(ctx context.Context, tx *store.Tx, v *page.Visit, of *wording.Version) (s shown, err error) {
	values, err := l.values(ctx, tx, v, of)
	if err != nil {
		return s, err
	}
	d, _, err := practice.Directory(ctx, tx)
	if err != nil {
		return s, err
	}
	raw, err := d.Canonical()
	if err != nil {
		return s, err
	}
	book, _, err := wording.ParseDirectory(raw)
	if err != nil {
		return s, err
	}
	compiled, err := wording.Compile(of, l.language)
	if err != nil {
		return s, err
	}
	rendered := compiled.RenderWith(book, nil, values)
	s.mail, s.sms = mail.Of(compiled, &rendered), string(rendered.SMS)
	s.parts, _, s.units = wording.SMSParts(s.sms)
	return s, nil
}

// shades are how the mail's own style asks for a dark screen, and how it is made to believe in one or not.
const asks = "@media(prefers-color-scheme:dark)"

// frame is what stands in the frame.
func (s shown) frame(v *page.Visit, l look) (page.Answer, error) {
	var body []byte
	switch l.view {
	case "text", "sms":
		body = s.plain(v, l)
	default:
		believes := "@media not all"
		if l.shade == "dark" {
			believes = "@media all"
		}
		body = bytes.ReplaceAll(s.mail.Framed(), []byte(asks), []byte(believes))
	}
	return page.Answer{Status: http.StatusOK, Raw: body, Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": mail.FramePolicy}}, nil
}

// plain is a document of plain text: the mail's text part, or the text message in a bubble with what it costs.
func (s shown) plain(v *page.Visit, l look) []byte {
	ground, ink, bubble := "#ffffff", "#1c2430", "#e6eef6"
	if l.shade == "dark" {
		ground, ink, bubble = "#14171c", "#e9e6df", "#1d2c3b"
	}
	said, below, look := s.mail.Text, "", ""
	if l.view == "sms" {
		said, below, look = s.sms, v.Say("templates.cost", v.Count("sink.parts", s.parts), v.Count("templates.signs", s.units), price(v, s.parts)), "background:"+bubble+";border-radius:16px 16px 16px 4px;padding:12px 16px;max-inline-size:34ch"
		if said == "" {
			said, below = v.Say("templates.no-sms"), ""
		}
	}
	return []byte(`<!DOCTYPE html><html><head><meta charset="utf-8"><title>` + html.EscapeString(v.Say("templates.preview")) + `</title></head><body style="margin:0;padding:20px;background:` + ground + `;color:` + ink +
		`;font:16px/1.5 system-ui,sans-serif"><div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere;` + look + `">` + html.EscapeString(strings.TrimSpace(said)) + `</div><p style="font-size:13px;opacity:.85">` + html.EscapeString(below) + `</p></body></html>`)
}

// Preview is the frame's content: the current version, an older one by its number, or the draft.
func Preview(v *page.Visit) (page.Answer, error) {
	var s shown
	var l look
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		of, err := named(ctx, tx, template.ID(v.Path("id")), v.Query("version"))
		if err != nil {
			return err
		}
		l = looked(v, of)
		s, err = l.render(ctx, tx, v, of)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return s.frame(v, l)
}

// named is a template's version by its number, its draft, or the current one.
func named(ctx context.Context, tx *store.Tx, id template.ID, which string) (*wording.Version, error) {
	w, err := template.Find(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if which == asDraft && w.Archived.IsZero() {
		d, err := draft.Open(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return d.Version, nil
	}
	versions, err := template.Versions(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	for _, each := range versions {
		if strconv.Itoa(each.Number) == which || which == "" && each.ID == w.Current {
			return template.Read(ctx, tx, each.ID)
		}
	}
	return nil, template.ErrNotFound
}

// Typed is the frame's content with what stands in an open form, which is not kept.
func Typed(v *page.Visit) (page.Answer, error) {
	f := posted(v)
	l := look{language: f.language, view: among(views, v.Form("view")), shade: among(shades, v.Form("shade")), as: v.Form("as")}
	if f.kind == kindSMS {
		l.view = "sms"
	} else if l.view == "sms" {
		l.view = "mail"
	}
	var s shown
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		d, err := draft.Open(ctx, tx, template.ID(v.Path("id")))
		if err != nil {
			return err
		}
		f.read = d.Edition // whoever looks is not told yet
		if err := d.Try(f.apply); err != nil {
			return err
		}
		l = l.over(d.Version)
		s, err = l.render(ctx, tx, v, d.Version)
		return err
	})
	if problem := page.Problem(v.Text, err); err != nil && problem != nil {
		s = shown{mail: mail.Mail{Text: problem.Say}}
		l.view, l.sms = "text", false
		err = nil
	}
	if err != nil {
		return page.Answer{}, err
	}
	return s.frame(v, l)
}

// lines cuts a plain text for the page that shows it.
func lines(text string) []string { return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") }
