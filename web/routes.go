package web

import (
	"net/http"

	"letterhead/guard"
	"letterhead/web/clients"
	"letterhead/web/diary"
	"letterhead/web/messages"
	"letterhead/web/page"
	"letterhead/web/today"
	"letterhead/web/ui"
)

// routes is the whole site: what is not here is not served.
func (s *server) routes() []page.Route {
	table := []page.Route{
		page.Public("GET "+ui.AssetPath, "files of the program, the same for everybody", ui.Assets()),
		page.Public("GET /", "says that there is nothing under an unknown address", http.HandlerFunc(s.nothing)),

		page.For("GET /{$}", guard.CalendarRead, today.Show),

		page.For("GET /appointments/new", guard.CalendarChange, diary.New),
		page.For("POST /appointments/new", guard.CalendarChange, diary.Book),
		page.For("POST /appointments/find", guard.ClientRead, diary.Find),
		page.For("GET /appointments/{id}", guard.CalendarRead, diary.Show),
		page.For("GET /appointments/{id}/move", guard.CalendarChange, diary.ShowMove),
		page.For("POST /appointments/{id}/move", guard.CalendarChange, diary.Move),
		page.For("GET /appointments/{id}/cancel", guard.CalendarChange, diary.ShowCancel),
		page.For("POST /appointments/{id}/cancel", guard.CalendarChange, diary.Cancel),
		page.For("POST /appointments/{id}/undo", guard.CalendarChange, diary.Undo),
		page.For("POST /appointments/{id}/restore", guard.CalendarChange, diary.Restore),
		page.For("POST /appointments/{id}/mark", guard.CalendarChange, diary.Mark),

		page.For("GET /clients/{id}/reach", guard.ClientRead, clients.ShowReach),
		page.For("POST /clients/{id}/reach", guard.ClientChange, clients.Reach),

		page.For("GET /messages", guard.MessageRead, messages.List),
		page.For("GET /messages/{id}", guard.MessageRead, messages.Show),
		page.For("GET /messages/{id}/html", guard.MessageRead, messages.Frame),

		page.For("GET /design", guard.SettingsRead, design),
	}
	return append(table, s.Routes...)
}

func design(v *page.Visit) (page.Answer, error) {
	return page.Show(ui.DesignPage(v.Frame("Design", "")))
}
