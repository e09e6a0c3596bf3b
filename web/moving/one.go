package moving

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"letterhead/fault"
	"letterhead/transfer"
	"letterhead/transfer/upload"
	"letterhead/transfer/words"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const onPage = 50

// one is an export that was handed in.
type one struct {
	frame    ui.Frame
	visit    *page.Visit
	upload   upload.Upload
	sheets   []upload.Sheet
	problems []ui.Problem
	remarks  []transfer.Remark
	count    int // of remarks
	only     bool
	from     int
	unknown  map[string][]string
}

// Show is its page: headings to choose and first rows; then how far it is; then what came of it.
func Show(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showOne(o))
}

// Progress is the part of the page that asks for itself while something is under way.
func Progress(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.find(); err != nil {
		return page.Answer{}, err
	}
	answer, err := page.Show(progress(o))
	if !o.upload.State.Working() { // the page shows something else now
		answer.Header = map[string]string{"HX-Refresh": "true"}
	}
	return answer, err
}

func (o *one) find() (err error) {
	if o.visit.Uploads == nil {
		return upload.ErrNotFound
	}
	o.upload, err = o.visit.Uploads.Find(o.visit.Actor, upload.ID(o.visit.Path("id")))
	return err
}

func (o *one) read() (err error) {
	v := o.visit
	if err := o.find(); err != nil {
		return err
	}
	o.frame = v.Frame(v.Say("import.title"), "/settings")
	if p := o.upload.Problem; p != nil {
		o.problems = append(o.problems, ui.Problem{Say: page.Sentence(v.Text, &fault.Error{Key: p.Key, Field: p.Field, Say: p.Say})})
	}
	switch o.upload.State {
	case upload.Ready, upload.Failed:
		if o.upload.Lines["clients.csv"] == 0 { // an undoing that failed has no files
			return nil
		}
		if o.sheets, err = v.Uploads.Sheets(o.upload); fault.As(err) != nil && fault.KindOf(err) == fault.Invalid {
			o.problems = append(o.problems, ui.Problem{Say: page.Sentence(v.Text, fault.As(err))})
			return nil
		}
		return err
	case upload.Checked, upload.Done:
		o.only = v.Query("show") == "refused"
		o.from, _ = strconv.Atoi(v.Query("from"))
		o.from = max(0, o.from)
		if o.remarks, o.count, err = v.Uploads.Remarks(o.upload, o.only, o.from, onPage); err != nil {
			return err
		}
		if o.upload.State == upload.Checked {
			o.unknown, err = v.Uploads.Unknown(o.upload)
		}
		return err
	}
	return nil
}

// to is the page's own address.
func (o one) to(more ...string) string {
	return home + "/" + string(o.upload.ID) + strings.Join(more, "")
}

// again makes the part ask for itself while something is under way.
func (o one) again(ctx context.Context) templ.Attributes {
	if !o.upload.State.Working() {
		return nil
	}
	return ui.Hx(ctx, "get", o.to("/progress"), "trigger", "every 1s", "swap", "outerHTML")
}

// stage says what is under way.
func (o one) stage() string {
	step := o.upload.Step
	if step == "" {
		step = "begin"
	}
	return o.visit.Say("import.step-" + step)
}

// options are the headings of a file to choose from.
func (o one) options(s upload.Sheet) []ui.Option {
	out := []ui.Option{{Value: "-", Say: o.visit.Say("import.not-there")}}
	for i, h := range s.Headings {
		if h == "" {
			h = o.visit.Say("import.column", i+1)
		}
		out = append(out, ui.Option{Value: strconv.Itoa(i), Say: h})
	}
	return out
}

func (o one) chosen(s upload.Sheet, c words.Column) string {
	if i, found := s.Guess[c.Field]; found {
		return strconv.Itoa(i)
	}
	return "-"
}

// Act does what the person said: choose headings and check, go back to them, say what words mean, throw away.
func Act(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.find(); err != nil {
		return page.Answer{}, err
	}
	var err error
	switch v.Form("do") {
	case "check":
		err = o.check()
	case "words":
		err = v.Uploads.Begin(v.Actor, o.upload.ID, upload.Checking, o.meaning)
	case "back":
		err = v.Uploads.Begin(v.Actor, o.upload.ID, upload.Ready, nil)
	case "discard":
		if err := v.Uploads.Discard(v.Actor, o.upload.ID); err != nil {
			return o.refused(err)
		}
		return page.Go(home)
	default:
		err = upload.ErrState
	}
	if err != nil {
		return o.refused(err)
	}
	return page.Go(o.to())
}

func (o *one) refused(err error) (page.Answer, error) {
	problem := page.Problem(o.visit.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	if err := o.read(); err != nil {
		return page.Answer{}, err
	}
	o.problems = append(o.problems, *problem)
	return page.Again(showOne(*o), err)
}

// check takes the chosen headings and has the export checked.
func (o *one) check() error {
	v := o.visit
	sheets, err := v.Uploads.Sheets(o.upload)
	if err != nil {
		return err
	}
	return v.Uploads.Begin(v.Actor, o.upload.ID, upload.Checking, func(u *upload.Upload) {
		for _, s := range sheets {
			mapped := map[string]string{}
			for _, c := range s.Columns {
				mapped[c.Field] = "-"
				if i, err := strconv.Atoi(v.Form(s.Section + "." + c.Field)); err == nil && i >= 0 && i < len(s.Headings) && words.Fold(s.Headings[i]) != "" {
					mapped[c.Field] = s.Headings[i]
				}
			}
			if s.Section == "clients" {
				u.Mapping.Clients = mapped
			} else {
				u.Mapping.Appointments = mapped
			}
		}
		u.Mapping.DateOrder = v.Form("date_order")
		u.OtherPractice = v.Form("other") == "yes"
	})
}

// meaning takes what unknown words mean.
func (o *one) meaning(u *upload.Upload) {
	form := o.visit.Request.PostForm
	for i := range form["status"] {
		if to := nth(form, "status_to", i); to != "" {
			if u.Mapping.Statuses == nil {
				u.Mapping.Statuses = map[string]string{}
			}
			u.Mapping.Statuses[words.Cut(form["status"][i], 80)] = to
		}
	}
	for i := range form["reminder"] {
		if to := nth(form, "reminder_to", i); to != "" {
			if u.Mapping.Reminders == nil {
				u.Mapping.Reminders = map[string]string{}
			}
			u.Mapping.Reminders[words.Cut(form["reminder"][i], 80)] = to
		}
	}
}

func nth(form url.Values, name string, i int) string {
	if i >= len(form[name]) || i >= 50 {
		return ""
	}
	return form[name][i]
}

// Bring imports what was checked.
func Bring(v *page.Visit) (page.Answer, error) { return begin(v, upload.Importing) }

// Undo takes it back.
func Undo(v *page.Visit) (page.Answer, error) { return begin(v, upload.Undoing) }

func begin(v *page.Visit, to upload.State) (page.Answer, error) {
	o := one{visit: v}
	if err := o.find(); err != nil {
		return page.Answer{}, err
	}
	if err := v.Uploads.Begin(v.Actor, o.upload.ID, to, nil); err != nil {
		return o.refused(err)
	}
	return page.Go(o.to())
}

// Remarks is what was remarked on, as a file.
func Remarks(v *page.Visit) (page.Answer, error) {
	o := one{visit: v}
	if err := o.find(); err != nil {
		return page.Answer{}, err
	}
	var out strings.Builder
	if err := v.Uploads.WriteRemarks(o.upload, &out); err != nil {
		return page.Answer{}, err
	}
	return page.Answer{Status: http.StatusOK, Raw: []byte(out.String()), Header: map[string]string{"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": `attachment; filename="import-remarks.csv"`}}, nil
}

// newer and older lead through the remarks.
func (o one) pages() (newer, older ui.Link) {
	show := ""
	if o.only {
		show = "&show=refused"
	}
	if o.from > 0 {
		newer = ui.Link{To: o.to("?from=", strconv.Itoa(max(0, o.from-onPage)), show), Say: o.visit.Say("import.before")}
	}
	if o.from+onPage < o.count {
		older = ui.Link{To: o.to("?from=", strconv.Itoa(o.from+onPage), show), Say: o.visit.Say("import.after")}
	}
	return newer, older
}
