package web

import (
	"letterhead/guard"
	"letterhead/web/details"
	"letterhead/web/moving"
	"letterhead/web/page"
	"letterhead/web/start"
)

// about are the routes on which a practice says what it is.
func about() []page.Route {
	return []page.Route{
		page.For("GET "+start.Path, guard.SettingsRead, start.Show),
		page.For("GET /settings", guard.SettingsRead, details.Hub),
		page.For("GET /settings/practice", guard.SettingsRead, details.Practice),
		page.For("POST /settings/practice", guard.SettingsChange, details.SavePractice),
		page.For("GET /settings/sender", guard.SettingsRead, details.Sender),
		page.For("POST /settings/sender", guard.SettingsChange, details.SaveSender),
		page.For("POST /settings/edits/{edit}/undo", guard.SettingsChange, details.Undo),
		page.For("GET /settings/import", guard.SettingsChange, moving.Start).Fresh("/settings/import"),
		page.For("POST /settings/import", guard.SettingsChange, moving.Take).Upload().Streams().Fresh("/settings/import"),
		page.For("POST /settings/import/undo", guard.SettingsChange, moving.Back).Fresh("/settings/import"),
		page.For("GET /settings/import/{id}", guard.SettingsChange, moving.Show),
		page.For("POST /settings/import/{id}", guard.SettingsChange, moving.Act),
		page.For("GET /settings/import/{id}/progress", guard.SettingsChange, moving.Progress).Quiet(),
		page.For("GET /settings/import/{id}/remarks", guard.SettingsChange, moving.Remarks),
		page.For("POST /settings/import/{id}/bring", guard.SettingsChange, moving.Bring).Fresh("/settings/import/{id}"),
		page.For("POST /settings/import/{id}/undo", guard.SettingsChange, moving.Undo).Fresh("/settings/import/{id}"),
		page.For("GET /settings/export", guard.PracticeOwn, moving.Export).Fresh("/settings/export"),
		page.For("POST /settings/export", guard.PracticeOwn, moving.Download).Streams().Fresh("/settings/export"),
		page.For("GET /settings/locations", guard.SettingsRead, details.Locations),
		page.For("GET /settings/locations/new", guard.SettingsChange, details.Location),
		page.For("POST /settings/locations/new", guard.SettingsChange, details.SaveLocation),
		page.For("GET /settings/locations/{id}", guard.SettingsRead, details.Location),
		page.For("POST /settings/locations/{id}", guard.SettingsChange, details.SaveLocation),
		page.For("POST /settings/locations/{id}/use", guard.SettingsChange, details.UseLocation),
		page.For("GET /settings/services", guard.SettingsRead, details.Services),
		page.For("GET /settings/services/new", guard.SettingsChange, details.Service),
		page.For("POST /settings/services/new", guard.SettingsChange, details.SaveService),
		page.For("GET /settings/services/{id}", guard.SettingsRead, details.Service),
		page.For("POST /settings/services/{id}", guard.SettingsChange, details.SaveService),
		page.For("POST /settings/services/{id}/use", guard.SettingsChange, details.UseService),
		page.For("GET /settings/practitioners", guard.SettingsRead, details.Practitioners),
		page.For("GET /settings/practitioners/new", guard.SettingsChange, details.Practitioner),
		page.For("POST /settings/practitioners/new", guard.SettingsChange, details.SavePractitioner),
		page.For("GET /settings/practitioners/{id}", guard.SettingsRead, details.Practitioner),
		page.For("POST /settings/practitioners/{id}", guard.SettingsChange, details.SavePractitioner),
		page.For("POST /settings/practitioners/{id}/use", guard.SettingsChange, details.UsePractitioner),
	}
}
