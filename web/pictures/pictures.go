// Package pictures is the page of a practice's logo and of the pictures that its messages carry.
//
// It promises: of what is handed in, pixels alone are kept; what is refused names the field and the way out, and a good picture is not to be chosen
// again; nothing that leaves changes before it is signed. It approves nothing.
package pictures

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
	"letterhead/wording"
)

const home = "/settings/pictures"

// The errors of the forms.
var (
	errNone     = fault.Field("picture", "pictures.none", "choose a picture: a PNG or JPEG file")
	errPicture  = fault.Field("picture", "pictures.unknown", "choose one of the pictures on this page")
	errTemplate = fault.Field("template", "pictures.template", "choose one of your templates")
)

type album struct {
	frame     ui.Frame
	visit     *page.Visit
	all       []practice.Picture
	templates []template.Wording
	may       bool // change what the practice's messages carry
	problems  []ui.Problem
	alt       string
	logo      string
	kept      []byte // a good picture that still needs something
}

// List is the page. ?did= says what was done.
func List(v *page.Visit) (page.Answer, error) {
	a := album{visit: v}
	if err := a.read(); err != nil {
		return page.Answer{}, err
	}
	switch did := v.Query("did"); did {
	case "added":
		a.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("pictures.added")}
	case "changed":
		n, _ := strconv.Atoi(v.Query("n"))
		a.frame.Flash = &ui.Flash{Kind: ui.Good, Say: v.Say("pictures.unchanged")}
		if n > 0 {
			a.frame.Flash.Say = v.Count("pictures.changed", n)
		}
	}
	return page.Show(show(a))
}

func (a *album) read() error {
	v := a.visit
	a.frame = v.Frame(v.Say("pictures.title"), home)
	a.may = v.May(guard.TemplateChange)
	return v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		if a.all, err = practice.AllPictures(ctx, tx); err != nil {
			return err
		}
		a.templates, err = template.List(ctx, tx)
		return err
	})
}

func (a *album) refused(err error) (page.Answer, error) {
	problem := page.Problem(a.visit.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	a.problems = []ui.Problem{*problem}
	if err := a.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(show(*a), err)
}

// Add keeps a picture that was handed in, and makes it the logo where that was asked for.
func Add(v *page.Visit) (page.Answer, error) {
	a := album{visit: v, alt: v.Form("alt"), logo: v.Form("logo")}
	given, err := v.File("picture")
	if err != nil {
		return page.Answer{}, err
	}
	if len(given) == 0 { // the one that was good before
		if given, err = base64.StdEncoding.DecodeString(v.Request.PostForm.Get("kept")); err != nil || len(given) == 0 {
			return a.refused(errNone)
		}
	}
	clean, image, err := practice.CheckPicture(given, a.alt)
	if err != nil {
		a.kept = clean
		return a.refused(err)
	}
	changed := 0
	err = v.Change(func(ctx context.Context, tx *store.Tx) (err error) {
		if image, err = practice.AddPicture(ctx, tx, clean, a.alt); err != nil || a.logo == "" {
			return err
		}
		if err = practice.SetLogo(ctx, tx, image.SHA256); err == nil {
			changed, err = template.Relogo(ctx, tx)
		}
		return err
	})
	switch {
	case err != nil:
		a.kept = clean
		return a.refused(err)
	case a.logo != "":
		return page.Go(home + "?did=changed&n=" + strconv.Itoa(changed))
	}
	return page.Go(home + "?did=added")
}

// Use makes a picture the logo, or takes the logo away, in new versions of all templates; or puts it into one template.
func Use(v *page.Visit) (page.Answer, error) {
	a := album{visit: v}
	changed := 0
	err := v.Change(func(ctx context.Context, tx *store.Tx) error {
		image, _, err := practice.FindPicture(ctx, tx, v.Path("picture"))
		if fault.As(err) != nil {
			return errPicture
		}
		if err != nil {
			return err
		}
		switch v.Form("as") {
		case "logo":
			err = practice.SetLogo(ctx, tx, image.SHA256)
		case "none":
			err = practice.SetLogo(ctx, tx, "")
		default:
			changed = 1
			return put(ctx, tx, template.ID(v.Form("template")), image)
		}
		if err == nil {
			changed, err = template.Relogo(ctx, tx)
		}
		return err
	})
	if err != nil {
		return a.refused(err)
	}
	return page.Go(home + "?did=changed&n=" + strconv.Itoa(changed))
}

// put makes a new version of a template that begins with a picture, in each of its languages.
func put(ctx context.Context, tx *store.Tx, id template.ID, image wording.Image) error {
	w, err := template.Find(ctx, tx, id)
	if errors.Is(err, template.ErrNotFound) {
		return errTemplate
	}
	if err != nil {
		return err
	}
	v, err := template.Read(ctx, tx, w.Current)
	if err != nil {
		return err
	}
	for i := range v.Languages {
		v.Languages[i].Blocks = slices.Insert(v.Languages[i].Blocks, 0, wording.Picture(image))
	}
	_, err = template.NewVersion(ctx, tx, id, w.Current, v)
	return err
}

// File is a picture's bytes, for members.
func File(v *page.Visit) (page.Answer, error) {
	var image wording.Image
	var content []byte
	err := v.View(func(ctx context.Context, tx *store.Tx) (err error) {
		image, content, err = practice.FindPicture(ctx, tx, v.Path("picture"))
		if fault.As(err) != nil {
			err = practice.ErrNotFound
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	return page.Answer{Status: http.StatusOK, Raw: content, Header: map[string]string{"Content-Type": image.Type, "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, max-age=86400"}}, nil
}

// shown is a picture as a page can show it that is kept nowhere yet.
func shown(data []byte) string {
	kind := http.DetectContentType(data)
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}

func (a album) of(p practice.Picture) string {
	return a.visit.Say("pictures.size", p.Width, p.Height)
}

func (a album) options() []ui.Option {
	out := []ui.Option{{Value: "", Say: a.visit.Say("pictures.choose")}}
	for _, w := range a.templates {
		out = append(out, ui.Option{Value: string(w.ID), Say: w.Name})
	}
	return out
}

func (a album) errorOf(field string) string {
	for _, problem := range a.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// file is what the file's field is called: another one, where a good one is there already.
func (a album) file() string {
	if len(a.kept) > 0 {
		return a.visit.Say("pictures.another")
	}
	return a.visit.Say("pictures.file")
}

// A picture on this page is at most 240 by 120 pixels.
func width(p practice.Picture) int {
	w, _ := p.Fit(240, 120)
	return w
}

func height(p practice.Picture) int {
	_, h := p.Fit(240, 120)
	return h
}
