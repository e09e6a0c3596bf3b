package words_test

import (
	"testing"

	"letterhead/transfer/words"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		columns  []words.Column
		headings []string
		said     map[string]string
		want     map[string]int
	}{
		{"our own", words.ClientColumns, []string{"Client ID", "First Name", "Last Name", "Email"}, nil, map[string]int{"id": 0, "first_name": 1, "last_name": 2, "email": 3}},
		{"written together", words.ClientColumns, []string{"client_id", "FIRSTNAME", "last-name"}, nil, map[string]int{"id": 0, "first_name": 1, "last_name": 2}},
		{"of another system", words.ClientColumns, []string{"Patient Ref", "Forename", "Family", "D.O.B (dob)", "Home e-mail", "Cell"}, nil,
			map[string]int{"id": 0, "first_name": 1, "last_name": 2, "born": 3, "email": 4, "mobile": 5}},
		{"an id is no part of a provider", words.AppointmentColumns, []string{"Provider", "Booking Id", "Patient Id", "Starts from"}, nil, map[string]int{"practitioner": 0, "id": 1, "client": 2, "time": 3}},
		{"said before", words.ClientColumns, []string{"First Name", "Call them"}, map[string]string{"first_name": "call them", "id": "-"}, map[string]int{"first_name": 1}},
		{"nothing", words.ClientColumns, nil, nil, map[string]int{}},
	} {
		got := words.Guess(c.columns, c.headings, c.said)
		for field, place := range c.want {
			if at, found := got[field]; !found || at != place {
				t.Errorf("%s: %s at %d (%v), want %d", c.name, field, at, found, place)
			}
		}
		places := map[int]string{}
		for field, at := range got {
			if places[at] != "" {
				t.Errorf("%s: column %d is both %s and %s", c.name, at, field, places[at])
			}
			places[at] = field
		}
	}
}
