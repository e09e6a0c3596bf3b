package moving

import (
	"io"
	"net/http"

	"letterhead/store"
	"letterhead/transfer/whole"
	"letterhead/web/page"
	"letterhead/web/ui"
)

type export struct {
	frame ui.Frame
	visit *page.Visit
}

// Export is the page from which everything is taken away.
func Export(v *page.Visit) (page.Answer, error) {
	return page.Show(showExport(export{visit: v, frame: v.Frame(v.Say("export.title"), "/settings")}))
}

// Download sends everything of the practice. It is on the access log before the first byte leaves.
func Download(v *page.Visit) (page.Answer, error) {
	if err := whole.Note(v.Context(), v.DB, v.Actor); err != nil {
		return page.Answer{}, err
	}
	var evidence func(io.Writer) error
	if v.Record != nil {
		evidence = func(to io.Writer) error { return v.Record.Evidence(v.Context(), v.Practice.ID, to) }
	}
	by := v.Actor
	by.Way = store.Way{Route: v.Actor.Way.Route, Purpose: "export", Session: v.Actor.Way.Session, Address: v.Actor.Way.Address}
	return page.Answer{
		Status: http.StatusOK,
		Header: map[string]string{"Content-Type": "application/zip", "Content-Disposition": `attachment; filename="practice.zip"`},
		Stream: func(out io.Writer) error {
			_, err := whole.Out(v.Context(), v.DB, v.Keeper, by, out, evidence)
			return err
		},
	}, nil
}
