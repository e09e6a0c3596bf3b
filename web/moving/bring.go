// Package moving is the pages on which a practice's data comes in from another system and goes out whole.
//
// It promises: an export that is handed in is checked and shown before anything changes; only who handed it in sees what stands in it; what is under way
// goes on without the page; each refused row is named with line, column and reason; what was brought in can be taken back from here. Bringing in, taking
// back and taking away need a fresh proof of who asks.
package moving

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/store"
	"letterhead/transfer"
	"letterhead/transfer/upload"
	"letterhead/web/page"
	"letterhead/web/ui"
)

const (
	home   = "/settings/import"
	listed = 50
)

// earlier is an import that came in, or was taken back.
type earlier struct {
	id   transfer.BatchID
	when string
	who  string
	say  string
	back bool // it can be taken back
}

type start struct {
	frame    ui.Frame
	visit    *page.Visit
	here     []upload.Upload
	earlier  []earlier
	problems []ui.Problem
}

// Start is the page where an export is handed in, and what came before.
func Start(v *page.Visit) (page.Answer, error) {
	s := start{visit: v}
	if err := s.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Show(showStart(s))
}

func (s *start) read() (err error) {
	v := s.visit
	s.frame = v.Frame(v.Say("import.title"), "/settings")
	if v.Uploads == nil {
		return fault.New(fault.Unavailable, "import.nowhere", "this server takes no imports")
	}
	if s.here, err = v.Uploads.List(v.Actor); err != nil {
		return err
	}
	return v.View(func(ctx context.Context, tx *store.Tx) error {
		batches, err := transfer.Batches(ctx, tx, listed)
		if err != nil {
			return err
		}
		members, err := guard.Members(ctx, tx)
		if err != nil {
			return err
		}
		s.earlier = nil
		for _, b := range batches {
			e := earlier{id: b.ID, when: v.Text.Moment(b.At.In(v.Location), v.Now.In(v.Location)), who: v.Say("edit.by-somebody"), say: counted(v, b.Kind, b.Clients, b.Appointments)}
			if i := slices.IndexFunc(members, func(m guard.Member) bool { return string(m.ID) == b.Who }); i >= 0 {
				e.who = members[i].Name
			} else if b.Who == "import" {
				e.who = v.Say("import.by-command")
			}
			if b.State == "undone" {
				e.say = v.Say("import.was-undone")
			}
			e.back = b.Kind == "import" && b.State == "done" && b.Clients.Created+b.Clients.Changed+b.Appointments.Created+b.Appointments.Changed > 0
			s.earlier = append(s.earlier, e)
		}
		return nil
	})
}

// counted says in a line what an import or its undoing did.
func counted(v *page.Visit, kind string, clients, appointments transfer.Counts) string {
	n := v.Text.Number
	if kind == "undo" {
		return v.Say("import.did-undo", n(clients.Removed), n(clients.Restored), n(appointments.Removed), n(appointments.Restored))
	}
	return v.Say("import.did", n(clients.Created), n(clients.Changed), n(appointments.Created), n(appointments.Changed), n(clients.Refused+appointments.Refused))
}

func (s *start) refused(err error) (page.Answer, error) {
	problem := page.Problem(s.visit.Text, err)
	if problem == nil {
		return page.Answer{}, err
	}
	s.problems = []ui.Problem{*problem}
	if err := s.read(); err != nil {
		return page.Answer{}, err
	}
	return page.Again(showStart(*s), err)
}

func (s start) errorOf(field string) string {
	for _, problem := range s.problems {
		if problem.Field == field {
			return problem.Say
		}
	}
	return ""
}

// Take keeps what is handed in, a file at a time, and leads to what it shows.
func Take(v *page.Visit) (page.Answer, error) {
	s := start{visit: v}
	if v.Uploads == nil {
		return page.Answer{}, s.read()
	}
	parts, err := v.Request.MultipartReader()
	if err != nil {
		return s.refused(fault.Field("clients", "upload.missing_clients", "choose the file of clients").With(err))
	}
	id, err := v.Uploads.Take(v.Actor, func() (upload.Part, error) {
		part, err := parts.NextPart()
		if err != nil {
			return upload.Part{}, large(err)
		}
		return upload.Part{Field: part.FormName(), Content: body{part}}, nil
	})
	if err != nil {
		return s.refused(err)
	}
	return page.Go(home + "/" + string(id))
}

// body is a part whose errors say what is too much.
type body struct{ part *multipart.Part }

func (b body) Read(p []byte) (int, error) {
	n, err := b.part.Read(p)
	return n, large(err)
}

func large(err error) error {
	var most *http.MaxBytesError
	switch {
	case errors.As(err, &most):
		return fault.Field("zip", "upload.body", "this is more than %d MB at once; hand it in as a zip file", most.Limit>>20)
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return fault.Field("clients", "upload.broken", "the files did not arrive whole; choose them again").With(err)
}

// Back takes an earlier import back.
func Back(v *page.Visit) (page.Answer, error) {
	s := start{visit: v}
	if v.Uploads == nil {
		return page.Answer{}, s.read()
	}
	err := v.View(func(ctx context.Context, tx *store.Tx) error {
		batch, err := transfer.Find(ctx, tx, transfer.BatchID(v.Form("batch")))
		if err == nil && (batch.Kind != "import" || batch.State == "staging" || batch.State == "abandoned") {
			err = transfer.ErrNoBatch
		}
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	id, err := v.Uploads.Undo(v.Actor, transfer.BatchID(v.Form("batch")))
	if err != nil {
		return s.refused(err)
	}
	return page.Go(home + "/" + string(id))
}

func size(n int) string { return strconv.Itoa(n) }
