package web

import (
	"letterhead/guard"
	"letterhead/web/page"
	"letterhead/web/settings"
	"letterhead/web/templates"
)

// words are the routes of templates and their editor.
func words() []page.Route {
	return []page.Route{
		page.For("GET /templates", guard.TemplateRead, templates.List),
		page.For("GET /templates/new", guard.TemplateChange, templates.New),
		page.For("POST /templates/new", guard.TemplateChange, templates.Add),
		page.For("GET /templates/{id}", guard.TemplateRead, templates.Show),
		page.For("GET /templates/{id}/compare", guard.TemplateRead, templates.Compare),
		page.For("GET /templates/{id}/preview", guard.TemplateRead, templates.Preview),
		page.For("POST /templates/{id}/preview", guard.TemplateChange, templates.Typed),
		page.For("POST /templates/{id}/name", guard.TemplateChange, templates.Rename),
		page.For("POST /templates/{id}/archive", guard.TemplateChange, templates.Archive),
		page.For("GET /templates/{id}/edit", guard.TemplateChange, templates.Edit),
		page.For("POST /templates/{id}/part", guard.TemplateChange, templates.Save),
		page.For("POST /templates/{id}/act", guard.TemplateChange, templates.Act),
		page.For("POST /templates/{id}/languages", guard.TemplateChange, templates.Languages),
		page.For("POST /templates/{id}/undo", guard.TemplateChange, templates.Undo),
		page.For("POST /templates/{id}/drop", guard.TemplateChange, templates.Drop),
		page.For("POST /templates/{id}/ask", guard.TemplateChange, templates.Ask),
		page.For("GET /settings/messages/rules/new", guard.SettingsChange, settings.NewRule),
		page.For("POST /settings/messages/rules/new", guard.SettingsChange, settings.AddRule),
	}
}
