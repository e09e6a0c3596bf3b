package web

import (
	"net/http"
	"slices"

	"letterhead/guard"
	"letterhead/web/account"
	"letterhead/web/clients"
	"letterhead/web/diary"
	"letterhead/web/hours"
	"letterhead/web/incidents"
	"letterhead/web/letter"
	"letterhead/web/looked"
	"letterhead/web/messages"
	"letterhead/web/orders"
	"letterhead/web/page"
	"letterhead/web/pictures"
	"letterhead/web/record"
	"letterhead/web/security"
	"letterhead/web/settings"
	"letterhead/web/team"
	"letterhead/web/today"
	"letterhead/web/told"
	"letterhead/web/trust"
	"letterhead/web/ui"
)

// routes is the whole site: what is not here is not served.
func (s *server) routes() []page.Route {
	table := []page.Route{
		page.Public("GET "+ui.AssetPath, "files of the program, the same for everybody", ui.Assets()),
		page.Public("GET /", "says that there is nothing under an unknown address", http.HandlerFunc(s.nothing)),

		page.Open("GET /sign-in", "where people come in", account.SignIn),
		page.Open("POST /sign-in/passkey", "signs in", account.SignInPasskey),
		page.Open("POST /sign-in/password", "signs in, first half", account.SignInPassword),
		page.Open("POST /sign-in/code", "signs in, second half", account.SignInCode),
		page.Open("POST /sign-in/practice", "chooses a practice, with the proof of a sign-in", account.Choose),
		page.Open("GET /invitation/{token}", "the invitation's token says who", account.Invitation),
		page.Open("POST /invitation/{token}/passkey", "the invitation's token says who", account.AcceptPasskey),
		page.Open("POST /invitation/{token}/password", "the invitation's token says who", account.AcceptPassword),
		page.For("POST /invitation/{token}/accept", guard.Self, account.Accept),

		page.For("POST /sign-out", guard.Self, account.SignOut),
		page.For("POST /practices", guard.Self, account.Other),
		page.For("GET /prove", guard.Self, account.Prove),
		page.For("POST /prove/passkey", guard.Self, account.ProvePasskey),
		page.For("POST /prove/password", guard.Self, account.ProvePassword),
		page.For("POST /prove/code", guard.Self, account.ProveCode),

		page.For("GET /security", guard.Self, security.Show),
		page.For("GET /security/passkeys/new", guard.Self, security.NewPasskey).Fresh("/security/passkeys/new"),
		page.For("POST /security/passkeys/new", guard.Self, security.AddPasskey).Fresh("/security/passkeys/new"),
		page.For("POST /security/passkeys/{key}/remove", guard.Self, security.RemovePasskey).Fresh("/security"),
		page.For("GET /security/password", guard.Self, security.Password).Fresh("/security/password"),
		page.For("POST /security/password", guard.Self, security.SetPassword).Fresh("/security/password"),
		page.For("POST /security/password/remove", guard.Self, security.RemovePassword).Fresh("/security"),
		page.For("POST /security/recoveries", guard.Self, security.NewRecoveries).Fresh("/security"),
		page.For("POST /security/sessions/end", guard.Self, security.EndSession),

		page.For("GET /{$}", guard.CalendarRead, today.Show),

		page.For("GET /messages", guard.MessageRead, messages.List),
		page.For("GET /messages/answers", guard.ClientRead, letter.Waiting),
		page.For("POST /messages/answers/{answer}/seen", guard.MessageWrite, letter.Done),
		page.For("GET /incidents", guard.SendingStop, incidents.List),
		page.For("POST /incidents", guard.SendingStop, incidents.Open),
		page.For("GET /incidents/{id}", guard.SendingStop, incidents.Show),
		page.For("POST /incidents/{id}", guard.Approve, incidents.Change),
		page.For("GET /messages/code", guard.MessageRead, messages.AskCode),
		page.For("POST /messages/code", guard.MessageRead, messages.AnswerCode),
		page.For("GET /messages/record", guard.MessageRead, record.Show),
		page.For("GET /messages/record/evidence", guard.MessageRead, record.Download),
		page.For("GET /messages/{id}", guard.MessageRead, team.Seen(messages.Show)),
		page.For("GET /messages/{id}/html", guard.MessageRead, team.Seen(messages.Frame)),
		page.For("GET /messages/{id}/source", guard.MessageRead, team.Seen(messages.Source)),

		page.For("GET /stop", guard.SendingStop, trust.Show),
		page.For("POST /stop", guard.SendingStop, trust.Stop),
		page.For("GET /settings/messages", guard.SettingsRead, settings.Messages),
		page.For("POST /settings/messages", guard.SettingsChange, settings.Save),
		page.For("POST /samples/{id}", guard.SettingsRead, settings.Sample),
		page.For("GET /settings/messages/progress", guard.SettingsRead, settings.Progress).Quiet(),
		page.For("GET /settings/messages/rules/{rule}", guard.SettingsRead, settings.Rule),
		page.For("POST /settings/messages/rules/{rule}", guard.SettingsChange, settings.Change),

		page.For("GET /settings/pictures", guard.SettingsRead, pictures.List),
		page.For("POST /settings/pictures", guard.TemplateChange, pictures.Add).Upload(),
		page.For("GET /settings/pictures/{picture}", guard.SettingsRead, pictures.File),
		page.For("POST /settings/pictures/{picture}", guard.TemplateChange, pictures.Use),

		page.For("GET /design", guard.SettingsRead, design),
	}
	return slices.Concat(table, booked(), people(), managing(), bulk(), words(), about(), s.Routes)
}

// booked are the routes of the calendar, its appointments, and when it can be booked.
func booked() []page.Route {
	return []page.Route{
		page.For("GET /calendar", guard.CalendarRead, diary.Board),
		page.For("GET /calendar/changes", guard.CalendarRead, diary.Changes).Quiet(),
		page.For("GET /calendar/list", guard.CalendarRead, diary.List),
		page.For("GET /hours", guard.CalendarRead, hours.Weekly),
		page.For("POST /hours", guard.SettingsChange, hours.AddHours),
		page.For("POST /hours/remove", guard.SettingsChange, hours.Remove),
		page.For("GET /hours/blocked", guard.CalendarRead, hours.Blocked),
		page.For("POST /hours/blocked", guard.CalendarChange, hours.Block),
		page.For("POST /hours/blocked/remove", guard.CalendarChange, hours.Unblock),
		page.For("GET /hours/holidays", guard.CalendarRead, hours.Holidays),
		page.For("POST /hours/holidays", guard.SettingsChange, hours.AddHoliday),
		page.For("POST /hours/holidays/work", guard.SettingsChange, hours.Work),
		page.For("GET /hours/rooms", guard.CalendarRead, hours.Rooms),
		page.For("POST /hours/rooms", guard.SettingsChange, hours.AddRoom),
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
	}
}

// people are the routes of clients and of what is written to one of them.
func people() []page.Route {
	return []page.Route{
		page.For("GET /clients", guard.ClientRead, clients.List),
		page.For("POST /clients", guard.ClientRead, clients.Search),
		page.For("POST /clients/find", guard.ClientRead, clients.Find),
		page.For("GET /clients/new", guard.ClientChange, clients.New),
		page.For("POST /clients/new", guard.ClientChange, clients.Add),
		page.For("GET /clients/{id}", guard.ClientRead, clients.Show),
		page.For("GET /clients/{id}/change", guard.ClientChange, clients.Edit),
		page.For("POST /clients/{id}/change", guard.ClientChange, clients.Change),
		page.For("GET /clients/{id}/archive", guard.ClientChange, clients.ShowArchive),
		page.For("POST /clients/{id}/archive", guard.ClientChange, clients.Archive),
		page.For("POST /clients/{id}/restore", guard.ClientChange, clients.Restore),
		page.For("GET /clients/duplicates", guard.ClientRead, clients.Doubles),
		page.For("GET /clients/{id}/merge", guard.ClientChange, clients.ChooseTwin),
		page.For("POST /clients/{id}/merge", guard.ClientChange, clients.ChooseTwin),
		page.For("GET /clients/{id}/merge/{other}", guard.ClientChange, clients.Compare),
		page.For("POST /clients/{id}/merge/{other}", guard.ClientChange, clients.Merge),
		page.For("GET /clients/{id}/erase", guard.ClientErase, clients.ShowErase).Fresh("/clients"),
		page.For("POST /clients/{id}/erase", guard.ClientErase, clients.Erase).Fresh("/clients"),
		page.For("POST /clients/{id}/apart", guard.ClientChange, clients.Apart),
		page.For("GET /clients/{id}/contacts/new", guard.ClientChange, clients.NewContact),
		page.For("POST /clients/{id}/contacts/new", guard.ClientChange, clients.SaveContact),
		page.For("GET /clients/{id}/contacts/{contact}", guard.ClientChange, clients.EditContact),
		page.For("POST /clients/{id}/contacts/{contact}", guard.ClientChange, clients.SaveContact),
		page.For("POST /clients/{id}/contacts/{contact}/end", guard.ClientChange, clients.EndContact),
		page.For("GET /clients/{id}/reach", guard.ClientRead, clients.ShowReach),
		page.For("POST /clients/{id}/reach", guard.ClientChange, clients.Reach),

		page.For("GET /clients/{id}/messages", guard.ClientRead, letter.Thread),
		page.For("GET /clients/{id}/letters/new", guard.MessageWrite, letter.New),
		page.For("POST /clients/{id}/letters/new", guard.MessageWrite, letter.Save),
		page.For("POST /clients/{id}/answers/{answer}/seen", guard.MessageWrite, letter.Seen),
		page.For("GET /letters/{letter}", guard.ClientRead, letter.Show),
		page.For("POST /letters/{letter}", guard.MessageWrite, letter.Save),
		page.For("POST /letters/{letter}/withdraw", guard.MessageWrite, letter.Withdraw),
		page.For("GET /letters/{letter}/html", guard.ClientRead, letter.Frame),

		page.For("GET /clients/{id}/access", guard.ClientRestrict, team.Access),
		page.For("POST /clients/{id}/access", guard.ClientRestrict, team.SetAccess),
	}
}

// managing is who and what works at the practice, and what they looked at.
func managing() []page.Route {
	return []page.Route{
		page.For("GET /clients/{id}/looked", guard.AccessRead, looked.OfClient),
		page.For("GET /looked", guard.AccessRead, looked.Show),
		page.For("POST /looked", guard.AccessRead, looked.Find),
		page.For("GET /looked/export", guard.AccessRead, looked.Export),
		page.For("GET /looked/{look}", guard.AccessRead, looked.Entry),
		page.For("GET /team/told", guard.AccessRead, told.Show),
		page.For("GET /team", guard.TeamRead, team.Show),
		page.For("GET /team/new", guard.TeamChange, team.New).Fresh("/team/new"),
		page.For("POST /team/new", guard.TeamChange, team.Invite).Fresh("/team/new"),
		page.For("GET /team/{member}", guard.TeamChange, team.Edit),
		page.For("POST /team/{member}/role", guard.TeamChange, team.SetRole).Fresh("/team/{member}"),
		page.For("POST /team/{member}/invite", guard.TeamChange, team.Again).Fresh("/team/{member}"),
		page.For("POST /team/{member}/end", guard.TeamChange, team.End).Fresh("/team/{member}"),
		page.For("GET /programs", guard.CredentialChange, team.Programs),
		page.For("GET /programs/new", guard.CredentialChange, team.NewProgram).Fresh("/programs/new"),
		page.For("POST /programs/new", guard.CredentialChange, team.AddProgram).Fresh("/programs/new"),
		page.For("GET /programs/grants/new", guard.CredentialChange, team.NewGrant).Fresh("/programs/grants/new"),
		page.For("POST /programs/grants/new", guard.CredentialChange, team.AddGrant).Fresh("/programs/grants/new"),
		page.For("POST /programs/grants/{key}/end", guard.CredentialChange, team.EndGrant).Fresh("/programs"),
		page.For("POST /programs/{key}/end", guard.CredentialChange, team.EndProgram).Fresh("/programs"),
	}
}

// bulk are the routes of bulk messages.
func bulk() []page.Route {
	return []page.Route{
		page.For("GET /orders", guard.MessageRead, orders.List),
		page.For("GET /orders/new", guard.MessageWrite, orders.New),
		page.For("POST /orders/new", guard.MessageWrite, orders.Add),
		page.For("GET /orders/count", guard.MessageWrite, orders.Count),
		page.For("GET /orders/{id}", guard.MessageRead, orders.Show),
		page.For("GET /orders/{id}/progress", guard.MessageRead, orders.Progress).Quiet(),
		page.For("GET /orders/{id}/sample", guard.MessageRead, orders.Frame),
		page.For("GET /orders/{id}/edit", guard.MessageWrite, orders.Edit),
		page.For("POST /orders/{id}/edit", guard.MessageWrite, orders.Save),
		page.For("POST /orders/{id}/ask", guard.MessageWrite, orders.Ask),
		page.For("POST /orders/{id}/copy", guard.MessageWrite, orders.Copy),
		page.For("POST /orders/{id}/pause", guard.SendingStop, orders.Pause),
		page.For("POST /orders/{id}/stop", guard.SendingStop, orders.Stop),
	}
}

func design(v *page.Visit) (page.Answer, error) {
	return page.Show(ui.DesignPage(v.Frame("Design", "")))
}
