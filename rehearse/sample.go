// Package rehearse plays: the demonstration with its sample practice, and the figures of make bench. It is the only non-test importer of
// testkit, whose sinks stand for the outside world.
//
// Nothing here is another way to do anything: the sample practice comes in through the importer and its messages leave through the courier.
package rehearse

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing/fstest"
	"time"

	"letterhead/zone"
)

// Zone is the sample practice's.
const Zone = "Australia/Melbourne"

// The sample practice's people. None of the addresses can exist (RFC 2606), none of the numbers is anybody's.
var (
	practitioners = []string{"Petra Schäfer", "Liam Nguyen", "Hēmi Ngata"}
	services      = []struct {
		name    string
		minutes int
	}{{"Standard consultation", 45}, {"Initial consultation", 60}, {"Short review", 20}, {"Hand splint fitting", 40}, {"Telehealth review", 30}}
	given   = []string{"Aoife", "Fatima", "João", "Mei", "Thandiwe", "Oscar", "Niamh", "Ravi", "Elif", "Mateus", "Željko", "Hana", "Søren", "Aroha", "Kenji", "Noor"}
	family  = []string{"Brennan", "Haddad", "Costa", "Zhang", "Ndlovu", "Reid", "Walsh", "Kumar", "Öztürk", "Pereira", "Novak", "Becker", "Lund", "Parata", "Ito", "Rahman"}
	choices = []string{"Email", "Email", "", "SMS", "SMS & Email", "Email", "None", ""}
)

const (
	sampleClients = 96
	samplePast    = 21 // days of calendar before today
	sampleAhead   = 28
)

// Export makes another system's export of a practice around a day: the same for the same day.
func Export(today zone.Date) fs.FS {
	random := rand.New(rand.NewPCG(uint64(today.Year), uint64(today.Month)<<8|uint64(today.Day)))
	return fstest.MapFS{
		"practice.json":    {Data: []byte(sampleJSON)},
		"clients.csv":      {Data: []byte(sampleClientRows(random))},
		"appointments.csv": {Data: []byte(sampleAppointments(today, random))},
	}
}

const sampleJSON = `{"name": "Wattle Street Physiotherapy", "zone": "Australia/Melbourne", "country": "AU", "phone": "+61 3 5550 0142", "cc": "+61",
 "host": "wattlestreet.example", "date_order": "DMY", "practitioners": ["Petra Schäfer", "Liam Nguyen", "Hēmi Ngata"]}`

func sampleClientRows(random *rand.Rand) string {
	rows := [][]string{{"Client ID", "Title", "First Name", "Last Name", "Preferred Name", "Date of Birth", "Email", "Mobile", "Reminder Type", "Email Marketing", "Time Zone", "Alert", "Archived"}}
	for i := range sampleClients {
		first, last := given[i%len(given)], family[(i*7+i/len(given))%len(family)]
		email := fmt.Sprintf("client%d@mail.example", 1000+i)
		mobile := fmt.Sprintf("0491 57%d %03d", i%10, 100+i)
		alert, away := "", ""
		switch i % 19 {
		case 3:
			email = ""
		case 7:
			email = fmt.Sprintf("client%d at mail.example", 1000+i)
		case 11:
			alert = "Deaf: please text, do not ring"
		case 13:
			away = "Europe/London"
		}
		rows = append(rows, []string{
			fmt.Sprint(1000 + i), "", first, last, "", fmt.Sprintf("%02d/%02d/%d", 1+random.IntN(28), 1+random.IntN(12), 1940+random.IntN(75)),
			email, mobile, choices[i%len(choices)], "", away, alert, "No",
		})
	}
	return table(rows)
}

func sampleAppointments(today zone.Date, random *rand.Rand) string {
	rows := [][]string{{"Appointment ID", "Client ID", "Practitioner", "Service", "Date", "Start Time", "Minutes", "Location", "Status"}}
	number := 50000
	for day := -samplePast; day <= sampleAhead; day++ {
		date := today.Add(day)
		if weekday := date.Weekday(); day != 0 && (weekday == time.Saturday || weekday == time.Sunday) {
			continue // the demonstration has people today, whatever day it is
		}
		for _, who := range practitioners {
			for minute := 9 * 60; minute < 17*60; {
				s := services[random.IntN(len(services))]
				if minute >= 12*60 && minute < 13*60 || random.IntN(4) == 0 {
					minute += 30
					continue
				}
				location := "Main rooms"
				if s.name == "Telehealth review" {
					location = "Telehealth"
				}
				rows = append(rows, []string{
					fmt.Sprint(number), fmt.Sprint(1000 + random.IntN(sampleClients)), who, s.name,
					fmt.Sprintf("%02d/%02d/%04d", date.Day, int(date.Month), date.Year), fmt.Sprintf("%02d:%02d", minute/60, minute%60),
					fmt.Sprint(s.minutes), location, sampleStatus(day, random),
				})
				number++
				minute += (s.minutes + 14) / 15 * 15
			}
		}
	}
	return table(rows)
}

func sampleStatus(day int, random *rand.Rand) string {
	n := random.IntN(20)
	switch {
	case day < 0 && n < 17:
		return "Arrived"
	case day < 0:
		return []string{"No Show", "Cancelled", "Late Cancellation"}[n-17]
	case n == 0:
		return "Cancelled"
	case day < 3 && n < 12, n < 4:
		return "Confirmed"
	}
	return "Booked"
}

func table(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.WriteAll(rows) // a strings.Builder takes everything
	return b.String()
}
