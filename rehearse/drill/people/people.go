// Package people makes clients as another system exports them.
package people

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"testing/fstest"

	"letterhead/rehearse"
)

// Person is a client to be.
type Person struct {
	First, Last, Email string
	Before             bool // had a reminder in the days before
}

// Letters is a number as a name may hold it.
func Letters(n int) string {
	out := ""
	for ok := true; ok; ok = n > 0 {
		out = string(rune('a'+n%26)) + out
		n /= 26
	}
	return out
}

// Export is an export of them, numbered from first on: each has an appointment two days after noon's, and some one three days before that too.
func Export(noon rehearse.Noon, first int, all []Person) (fs.FS, error) {
	const slots = 132 // of five minutes, from nine: a practice has at most 500 practitioners
	rows := [][]string{{"Client ID", "Title", "First Name", "Last Name", "Preferred Name", "Date of Birth", "Email", "Mobile", "Reminder Type", "Email Marketing", "Time Zone", "Alert", "Archived"}}
	diary := [][]string{{"Appointment ID", "Client ID", "Practitioner", "Service", "Date", "Start Time", "Minutes", "Location", "Status"}}
	book := func(n, i, day int) {
		date, minute := noon.Day.Add(day), 9*60+5*(i%slots)
		diary = append(diary, []string{fmt.Sprint(n), fmt.Sprint(first + i), "Petra " + Letters(i/slots), "Standard consultation",
			fmt.Sprintf("%02d/%02d/%04d", date.Day, int(date.Month), date.Year), fmt.Sprintf("%02d:%02d", minute/60, minute%60), "5", "Main rooms", "Booked"})
	}
	for i, p := range all {
		rows = append(rows, []string{fmt.Sprint(first + i), "", p.First, p.Last, "", "01/02/1980", p.Email, "", "Email", "", "", "", "No"})
		book(10*(first+i), i, 0)
		if p.Before {
			book(10*(first+i)+1, i, -3)
		}
	}
	about, err := json.Marshal(map[string]any{"zone": noon.Zone, "country": "AU", "date_order": "DMY"})
	if err != nil {
		return nil, err
	}
	return fstest.MapFS{"practice.json": {Data: about}, "clients.csv": {Data: []byte(rehearse.CSV(rows))}, "appointments.csv": {Data: []byte(rehearse.CSV(diary))}}, nil
}
