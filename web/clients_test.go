package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"letterhead/client"
	"letterhead/guard"
	"letterhead/store"
)

// The list, its search, and what is typed in place of a name.
func TestClientsAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.get("/clients"), 200, "Aoife Brennan", "João Costa", "0491 570 156 · joao@example.org", "No way to reach", "born 4 May 1980")
		for typed, want := range map[string]string{"ozt": "Elif Öztürk", "1980-05-04": "Elif Öztürk", "0156": "João Costa", "fatima@example.org": "Fatima Haddad", "joao cos": "João Costa"} {
			found := w.post("/clients", "find", typed)
			w.says(found, 200, want)
			w.silent(found, "Oscar Reid")
			part := w.post("/clients/find", "find", typed)
			w.says(part, 200, want)
			w.silent(part, "<html")
		}
		w.says(w.post("/clients", "find", "nobody at all"), 200, "Nobody", "Try fewer letters")
		w.says(w.post("/clients", "find", strings.Repeat("x", 300)), 200, "Search for at most 254 characters")
		w.says(w.get("/clients?after=nonsense"), 200, "Aoife Brennan")
	})
}

// A file from its first line to its end: added, changed, a contact linked and unlinked, out of use and back.
func TestAClientsFile(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.says(w.post("/clients/new", "first_name", "", "last_name", "", "alert", "kept"), 422, "Give the client a first or a last name")
		refused := w.post("/clients/new", "first_name", "Mei", "email", "nobody at home", "born", "2027-01-01", "alert", "Latex")
		w.says(refused, 422, "Nobody alive was born on that day")
		w.keeps(refused, `value="Mei"`, `value="nobody at home"`, ">Latex</textarea>")
		added := w.post("/clients/new", "first_name", "Mei", "last_name", "Zhang", "preferred_name", "May", "born", "1992-02-29", "email", "mei@example.org", "alert", "Allergic to latex", "language", "zh")
		path, _, _ := strings.Cut(added.Header().Get("Location"), "?")
		if added.Code != 303 || !strings.HasPrefix(path, "/clients/") {
			w.Fatalf("%d %s", added.Code, added.body)
		}
		w.says(w.get(path+"?did=client-added"), 200, "The client is on file", "May Zhang", "Born 29 February 1992 · 34 years", "Allergic to latex", "Mei Zhang", "Nothing is booked")
		w.goes(w.post(path+"/change", "version", "1", "first_name", "Mei", "last_name", "Zhang", "preferred_name", "May", "mobile", "0491 570 006"), path)
		late := w.post(path+"/change", "version", "1", "first_name", "Lost")
		w.says(late, 409, "This client was changed by you")
		w.keeps(late, `value="Lost"`)
		nameless := w.post(path+"/contacts/new", "name", "", "relation", "father")
		w.says(nameless, 422, "Give the contact a name")
		w.keeps(nameless, `value="father"`)
		w.goes(w.post(path+"/contacts/new", "name", "Wei Zhang", "relation", "father", "receives", "email", "email", "wei@example.org"), path)
		file := w.get(path)
		w.says(file, 200, "Wei Zhang", "father", "gets them by e-mail")
		_, rest, _ := strings.Cut(file.body, path+"/contacts/")
		_, rest, _ = strings.Cut(rest, path+"/contacts/")
		contact := path + "/contacts/" + rest[:36]
		w.keeps(w.get(contact), `value="wei@example.org"`)
		// A contact is found below its own client alone.
		w.says(w.get("/clients/"+string(w.one.clients["Reid"])+"/contacts/"+rest[:36]), 404)
		w.says(w.post("/clients/"+string(w.one.clients["Reid"])+"/contacts/"+rest[:36]+"/end"), 404)
		w.goes(w.post(contact+"/end"), path)
		w.silent(w.get(path), "Wei Zhang")
		w.goes(w.post(path+"/archive", "version", "2"), path)
		w.says(w.get(path), 200, "Out of use since", "Bring back")
		w.silent(w.get("/clients"), "May Zhang")
		w.says(w.get("/clients?archived=yes"), 200, "May Zhang", "Out of use")
		w.says(w.post(path+"/change", "version", "3", "first_name", "Mei"), 409, "out of use")
		w.goes(w.post(path+"/restore", "version", "3"), path)
		w.says(w.get("/clients"), 200, "May Zhang")
	})
}

// keeps looks for what stands in the page's source, such as a field's value.
func (w *world) keeps(a answer, wanted ...string) {
	w.Helper()
	for _, each := range wanted {
		if !strings.Contains(a.body, each) {
			w.Errorf("%s is not in the page", each)
		}
	}
}

// Who is taken out of use says what becomes of what is booked; what is cancelled sends nothing by itself to who is out of use.
func TestOutOfUseAsksAboutAppointments(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		path := "/clients/" + string(w.one.clients["Costa"])
		w.says(w.get(path), 200, "Tue 1 Dec, 13:00", "Standard · Petra Schäfer")
		w.says(w.get(path+"/archive"), 200, "1 appointment is to come", "Cancel them")
		w.says(w.post(path+"/archive", "version", "1"), 422, "Say what becomes of the appointments to come")
		if a := w.appointment(w.one, w.one.appointments["Costa"]); a.Booking != "booked" {
			w.Errorf("a refused form has made it %s", a.Booking)
		}
		w.goes(w.post(path+"/archive", "version", "1", "coming", "cancel"), path)
		if a := w.appointment(w.one, w.one.appointments["Costa"]); a.Booking != "cancelled" {
			w.Errorf("it is %s", a.Booking)
		}
		w.goes(w.post("/clients/"+string(w.one.clients["Öztürk"])+"/archive", "version", "1", "coming", "keep"), "/clients/"+string(w.one.clients["Öztürk"]))
		if a := w.appointment(w.one, w.one.appointments["Öztürk"]); a.Booking != "booked" {
			w.Errorf("it is %s", a.Booking)
		}
	})
}

// Who sees own clients alone finds nobody else, neither in the list nor by an address; who may only read changes nothing.
func TestClientsAreSeenByWhoMay(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.change(w.one, func(ctx context.Context, tx *store.Tx) error {
			members, err := guard.Members(ctx, tx)
			for _, m := range members {
				if err == nil && m.Email == "petra@example.org" {
					err = client.KeepTo(ctx, tx, w.one.clients["Costa"], []store.MemberID{m.ID})
				}
			}
			return err
		})
		desk := w.as(w.one, "rosa@example.org", guard.FrontDesk)
		path := "/clients/" + string(w.one.clients["Costa"])
		for _, target := range []string{path, path + "/change", path + "/archive", path + "/contacts/new"} {
			w.says(w.askAs(desk, "GET", target, nil), 404)
		}
		w.silent(w.askAs(desk, "GET", "/clients", nil), "Costa")
		w.silent(w.askAs(desk, "POST", "/clients", url.Values{"find": {"costa"}}), "João")
		reader := w.as(w.one, "read@example.org", guard.ReadOnly)
		w.says(w.askAs(reader, "POST", "/clients/"+string(w.one.clients["Reid"])+"/archive", url.Values{"version": {"1"}}), 403)
		w.silent(w.askAs(reader, "GET", "/clients/"+string(w.one.clients["Reid"]), nil), "/archive", "/change")
	})
}
