package api

import (
	"net/http"

	"letterhead/api/call"
	"letterhead/api/resource"
	"letterhead/guard"
)

// table is the whole API: what is not here is not served.
func table() []call.Route {
	described := append([]call.Route{}, programs()...)
	return append(described, call.Public("GET /api/v1/openapi.json", "describes the interface, the same for everybody", description(described)))
}

func programs() []call.Route {
	return []call.Route{
		call.For("GET /api/v1/practice", guard.CalendarRead, "The practice of the credential.", resource.Practice),
		call.For("GET /api/v1/locations", guard.CalendarRead, "Places in use.", resource.Locations),
		call.For("GET /api/v1/services", guard.CalendarRead, "Services in use.", resource.Services),
		call.For("GET /api/v1/practitioners", guard.CalendarRead, "Practitioners in use.", resource.Practitioners),

		call.For("GET /api/v1/clients", guard.ClientRead, "Clients by last name, a page at a time.", resource.ListClients),
		call.For("POST /api/v1/clients/search", guard.ClientRead, "Clients by a part of a name, date of birth, number or e-mail address.", resource.SearchClients),
		call.For("POST /api/v1/clients", guard.ClientChange, "Adds a client.", resource.AddClient).Making(http.StatusCreated),
		call.For("GET /api/v1/clients/{id}", guard.ClientRead, "One client.", resource.FindClient),
		call.For("PATCH /api/v1/clients/{id}", guard.ClientChange, "Changes what is named of a client.", resource.ChangeClient).Matching(),

		call.For("GET /api/v1/appointments", guard.CalendarRead, "Appointments that begin on some days, in order of time.", resource.ListAppointments),
		call.For("POST /api/v1/appointments", guard.CalendarChange, "Books an appointment. A time that is taken is refused.", resource.Book).Making(http.StatusCreated),
		call.For("GET /api/v1/appointments/{id}", guard.CalendarRead, "One appointment.", resource.FindAppointment),
		call.For("POST /api/v1/appointments/{id}/move", guard.CalendarChange, "Changes when, where, how or with whom.", resource.Move).Matching(),
		call.For("POST /api/v1/appointments/{id}/cancel", guard.CalendarChange, "Ends the booking.", resource.Cancel).Matching(),
		call.For("POST /api/v1/appointments/{id}/confirm", guard.CalendarChange, "Records that the client will come.", resource.Confirm).Matching(),
		call.For("GET /api/v1/appointments/{id}/plan", guard.MessageRead, "What will be sent about an appointment, and what not and why.", resource.Plan),

		call.For("GET /api/v1/messages", guard.MessageRead, "Messages, the newest first.", resource.ListMessages),
		call.For("GET /api/v1/messages/{id}", guard.MessageRead, "One message, with what became of it.", resource.FindMessage),

		call.For("GET /api/v1/grants", guard.MessageSend, "What people of the practice let this credential send.", resource.Grants),
		call.For("POST /api/v1/messages", guard.MessageSend, "Sends what a grant allows to one client. It is on its way, not yet sent: its fate says what became of it.", resource.Send).Making(http.StatusAccepted),

		call.For("POST /api/v1/suppressions", guard.ClientChange, "Has nothing more sent to an address.", resource.Suppress),
		call.For("GET /api/v1/stops", guard.SendingStop, "What of sending is stopped.", resource.Stops),
		call.For("POST /api/v1/stops", guard.SendingStop, "Stops sending, or a part of it. Only people lift a stop.", resource.Stop),
		call.For("GET /api/v1/incidents", guard.SendingStop, "Incidents that concern the practice, the latest first.", resource.Incidents),
		call.For("POST /api/v1/incidents", guard.SendingStop, "Stops sending, or a part of it, and opens an incident. The same stop is the same incident.", resource.OpenIncident),
	}
}
