package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"letterhead/fault"
	"letterhead/transfer"
	"letterhead/transfer/words"
)

func (b *bench) undo(batch transfer.BatchID) *transfer.Report {
	b.Helper()
	report, err := transfer.Undo(context.Background(), b.db, b.keeper, b.id, batch, transfer.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return report
}

const anna = "1,Ms,Anna,Byrne,,03/02/1990,anna@post.example,085 123 4567,Email,Yes,,,No\n"

// TestRows brings one row each in, and says what must come of it.
func TestRows(t *testing.T) {
	t.Parallel()
	client := func(cells ...string) string {
		row := []string{"1", "Ms", "Anna", "Byrne", "", "03/02/1990", "anna@post.example", "085 123 4567", "Email", "Yes", "", "", "No"}
		for i := 0; i+1 < len(cells); i += 2 {
			row[slices.Index(strings.Split(strings.TrimSpace(clientHead), ","), cells[i])] = cells[i+1]
		}
		return strings.Join(row, ",") + "\n"
	}
	visit := func(cells ...string) string {
		row := []string{"10", "1", "Bo Tan", "Review", "02/02/2027", "10:00", "30", "Main rooms", "Booked"}
		for i := 0; i+1 < len(cells); i += 2 {
			row[slices.Index(strings.Split(strings.TrimSpace(appointmentHead), ","), cells[i])] = cells[i+1]
		}
		return strings.Join(row, ",") + "\n"
	}
	for _, c := range []struct {
		name, clients, visits string
		reasons               string // "file line column reason", sorted as found
		refused               int
		query, want           string
	}{
		{"a good row", client(), visit(), "", 0, `SELECT zone || ' ' || wall || ' ' || mode FROM appointment WHERE practice = $1`, "Europe/Dublin 2027-02-02T10:00 in person"},
		{"e-mail None", client("Email", "None"), "", "clients.csv 2 Email email_bad", 0, `SELECT email_state FROM client WHERE practice = $1`, "bad"},
		{"e-mail at", client("Email", "a at b"), "", "clients.csv 2 Email email_bad", 0, `SELECT email_state FROM client WHERE practice = $1`, "bad"},
		{"blanks", client("Email", "  anna@post.example  ", "First Name", " Anna "), "", "", 0, `SELECT email_state || first_name FROM client WHERE practice = $1`, "goodAnna"},
		{"a premium-rate number", client("Mobile", "1550 123 456"), "", "clients.csv 2 Mobile mobile_costly", 0, `SELECT mobile_state FROM client WHERE practice = $1`, "bad"},
		{"a number that cannot be", client("Mobile", "123"), "", "clients.csv 2 Mobile mobile_bad", 0, `SELECT mobile_state FROM client WHERE practice = $1`, "bad"},
		{"no number", client("Mobile", ""), "", "", 0, `SELECT mobile_state FROM client WHERE practice = $1`, "none"},
		{"a link as a name", client("First Name", "evil.com"), "", "clients.csv 2 First Name name_unshown", 0, `SELECT first_name FROM client WHERE practice = $1`, "evil.com"},
		{"a sentence as a name", client("Preferred Name", "You have won the prize draw"), "", "clients.csv 2 Preferred Name name_unshown", 0, `SELECT first_name FROM client WHERE practice = $1`, "Anna"},
		{"reminder word", client("Reminder Type", "Pigeon"), "", "clients.csv 2 Reminder Type reminder_word", 0, `SELECT reminders FROM client WHERE practice = $1`, "none"},
		{"no preference", client("Reminder Type", ""), "", "", 0, `SELECT '[' || reminders || ']' FROM client WHERE practice = $1`, "[]"},
		{"unknown zone", client("Time Zone", "Mars/Olympus"), "", "clients.csv 2 Time Zone zone_unknown", 0, `SELECT '[' || zone || ']' FROM client WHERE practice = $1`, "[]"},
		{"born on no day", client("Date of Birth", "31/02/1990"), "", "clients.csv 2 Date of Birth born_date_impossible", 0, `SELECT '[' || born || ']' FROM client WHERE practice = $1`, "[]"},
		{"born tomorrow", client("Date of Birth", "01/01/2030"), "", "clients.csv 2 Date of Birth born_future", 0, `SELECT '[' || born || ']' FROM client WHERE practice = $1`, "[]"},
		{"archived", client("Archived", "Yes"), "", "", 0, `SELECT CASE WHEN archived_at > 0 THEN 'gone' ELSE 'here' END FROM client WHERE practice = $1`, "gone"},
		{"archived maybe", client("Archived", "Perhaps"), "", "clients.csv 2 Archived archived_word", 1, `SELECT count(*) || '' FROM client WHERE practice = $1`, "0"},
		{"marketing no", client("Email Marketing", "No"), "", "", 0, `SELECT CASE WHEN given THEN 'yes' ELSE 'no' END || category || channel || source FROM consent WHERE practice = $1`, "nomarketingemailimport"},
		{"marketing empty", client("Email Marketing", ""), "", "", 0, `SELECT count(*) || '' FROM consent WHERE practice = $1`, "0"},
		{"an id twice", client() + client("First Name", "Bea"), "", "clients.csv 3 Client ID id_twice", 1, `SELECT first_name FROM client WHERE practice = $1`, "Anna"},
		{"no id", client("Client ID", " "), "", "clients.csv 2 Client ID no_id", 1, `SELECT count(*) || '' FROM client WHERE practice = $1`, "0"},
		{"too long", client("First Name", strings.Repeat("x", 101)), "", "clients.csv 2 First Name too_long", 1, `SELECT count(*) || '' FROM client WHERE practice = $1`, "0"},
		{"one person twice", client() + client("Client ID", "2", "Last Name", "BYRNE"), "", "clients.csv 3 Last Name same_person", 0, `SELECT count(*) || '' FROM client WHERE practice = $1`, "2"},
		{"a family's address", client() + client("Client ID", "2", "First Name", "Bea"), "", "", 0, `SELECT count(*) || '' FROM client WHERE practice = $1`, "2"},
		{"unknown client", client(), visit("Client ID", "7"), "appointments.csv 2 Client ID client_unknown", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"no such day", client(), visit("Date", "31/02/2027"), "appointments.csv 2 Date date_impossible", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"two digits of a year", client(), visit("Date", "01/02/27"), "appointments.csv 2 Date date_year", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"in the gap", client(), visit("Date", "28/03/2027", "Start Time", "01:30"), "appointments.csv 2 Start Time gap", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"twice that day", client(), visit("Date", "31/10/2027", "Start Time", "1:30 AM"), "appointments.csv 2 Start Time twice", 0, `SELECT starts || '' FROM appointment WHERE practice = $1`, "1824942600000000"},
		{"no time", client(), visit("Start Time", "noon"), "appointments.csv 2 Start Time time", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"no minutes", client(), visit("Minutes", "0"), "appointments.csv 2 Minutes minutes", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"unknown status", client(), visit("Status", "Dreaming"), "appointments.csv 2 Status status_word", 1, `SELECT count(*) || '' FROM appointment WHERE practice = $1`, "0"},
		{"late cancellation", client(), visit("Status", "Late Cancellation"), "", 0, `SELECT booking || CASE WHEN cancel_late THEN ' late' ELSE '' END FROM appointment WHERE practice = $1`, "cancelled late"},
		{"rescheduled", client(), visit("Status", "Rescheduled"), "", 0, `SELECT booking FROM appointment WHERE practice = $1`, "rescheduled"},
		{"confirmed", client(), visit("Status", "Confirmed"), "", 0, `SELECT confirmation || ' ' || attendance FROM attendee WHERE practice = $1`, "confirmed expected"},
		{"arrived", client(), visit("Status", "Arrived"), "", 0, `SELECT confirmation || ' ' || attendance FROM attendee WHERE practice = $1`, "not asked arrived"},
		{"no show", client(), visit("Status", "No Show"), "", 0, `SELECT confirmation || ' ' || attendance FROM attendee WHERE practice = $1`, "not asked no show"},
		{"video", client(), visit("Location", "Telehealth"), "", 0, `SELECT a.mode || ' ' || l.name FROM appointment a JOIN location l ON l.practice = $1 AND l.id = a.location WHERE a.practice = $1`, "video Lee Valley Psychology"},
		{"a column missing", client(), "10,1,Bo Tan,Review\n" + visit("Appointment ID", "11"), "appointments.csv 2  columns", 1, `SELECT external FROM appointment WHERE practice = $1`, "11"},
		{"a stray quote", client(), "10,1,Bo \"Tan,Review,02/02/2027,10:00,30,Main rooms,Booked\n" + visit("Appointment ID", "11"), "appointments.csv 2  stray_quote", 1, `SELECT external FROM appointment WHERE practice = $1`, "11"},
		{"an open quote", client(), "10,1,\"Bo Tan,Review,02/02/2027,10:00,30,Main rooms,Booked\n" + visit("Appointment ID", "11"), "appointments.csv 2  open_quote", 1, `SELECT external FROM appointment WHERE practice = $1`, "11"},
		{"overlap", client(), visit() + visit("Appointment ID", "11", "Start Time", "10:15"), "appointments.csv 2 Start Time overlap; appointments.csv 3 Start Time overlap", 0, `SELECT count(*) || '' FROM appointment WHERE practice = $1 AND overbooked = true`, "2"},
		{"touching", client(), visit() + visit("Appointment ID", "11", "Start Time", "10:30"), "", 0, `SELECT count(*) || '' FROM appointment WHERE practice = $1 AND overbooked = true`, "0"},
		{"over a cancelled one", client(), visit("Status", "Cancelled") + visit("Appointment ID", "11"), "", 0, `SELECT count(*) || '' FROM appointment WHERE practice = $1 AND overbooked = true`, "0"},
		{"lines in an alert", client("Alert", "\"Interpreter\nneeded \"\"now\"\"\""), visit("Client ID", "7"), "appointments.csv 2 Client ID client_unknown", 1, `SELECT count(*) || '' FROM client WHERE practice = $1`, "1"},
		{"an unseen character", client("First Name", "An\u202ena"), "", "clients.csv 2 First Name invisible", 1, `SELECT count(*) || '' FROM client WHERE practice = $1`, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(b *bench) {
				report := b.bring(files(clientHead+c.clients, appointmentHead+c.visits, "practice.json", dayFirst), transfer.Options{})
				var reasons []string
				for _, m := range report.Remarks {
					reasons = append(reasons, strings.Join([]string{m.File, fmtInt(m.Line), m.Column, m.Reason}, " "))
				}
				if got := strings.Join(reasons, "; "); got != c.reasons {
					b.Errorf("remarks %q, want %q", got, c.reasons)
				}
				if n := report.Clients.Refused + report.Appointments.Refused; n != c.refused {
					b.Errorf("%d refused, want %d", n, c.refused)
				}
				if got := b.text(c.query); got != c.want {
					b.Errorf("%s: %q, want %q", c.query, got, c.want)
				}
			})
		})
	}
}

func fmtInt(n int) string { raw, _ := json.Marshal(n); return string(raw) }

func TestLinesArePhysical(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
	clients := clientHead + "1,,A,B,,,,,,,,\"two\r\nlines\",No\r\n\r\n2,,C,D,,,nowhere,,,,,,No\r\n"
	report := b.bring(files(clients, appointmentHead, "practice.json", dayFirst), transfer.Options{})
	if len(report.Remarks) != 1 || report.Remarks[0].Line != 5 || report.Remarks[0].Value != "nowhere" || report.Remarks[0].Row != "2" {
		t.Errorf("remarks: %+v", report.Remarks)
	}
}

func TestHeadings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, clients, visits, mapping, want string }{
		{"missing", strings.Replace(clientHead, "Reminder Type,", "", 1), appointmentHead, "", `clients.csv: the column "Reminder Type" is missing; if the export calls it otherwise, write into the mapping file: [clients] reminders = "its heading"`},
		{"mapped", strings.Replace(clientHead, "Reminder Type", "Notify By", 1), appointmentHead, "[clients]\nreminders = 'notify by'", ""},
		{"declared absent", strings.Replace(clientHead, "Archived", "Other", 1), appointmentHead, "[clients]\narchived = '-'", ""},
		{"mapped to nothing there", clientHead, appointmentHead, "[appointments]\ndate = 'When'", `appointments.csv: the column "When" is missing`},
		{"twice", clientHead, strings.TrimSpace(appointmentHead) + ",Status\n", "", `appointments.csv: there are two columns "Status"`},
		{"unknown field", clientHead, appointmentHead, "[clients]\nshoe = 'Shoe'", `mapping: [clients] "shoe"`},
		{"unknown section", clientHead, appointmentHead, "[people]\nid = 'x'", `mapping: people`},
		{"unknown status", clientHead, appointmentHead, "[statuses]\nDNA = 'asleep'", `mapping: [statuses] "DNA" = "asleep": write one of`},
		{"empty file", "", appointmentHead, "", "clients.csv: the file is empty"},
		{"UTF-16", "\xff\xfeC\x00", appointmentHead, "", "clients.csv: the file is UTF-16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
			mapping, err := words.ReadMapping(strings.NewReader(c.mapping))
			if err == nil {
				_, err = transfer.Import(context.Background(), b.db, b.keeper, b.id, files(c.clients, c.visits, "practice.json", dayFirst), transfer.Options{Mapping: mapping})
			}
			switch {
			case c.want == "" && err != nil, c.want != "" && err == nil:
				t.Errorf("error %v, want %q", err, c.want)
			case err != nil && (!strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Invalid):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestMappedWords(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
	mapping, err := words.ReadMapping(strings.NewReader("date_order = 'MDY'\n[statuses]\nDNA = 'no show'\n[reminders]\n'Text Message' = 'sms'\n[locations]\n'Home visits' = 'home'\n"))
	if err != nil {
		t.Fatal(err)
	}
	report := b.bring(files(clientHead+"1,,A,B,,12/31/1990,,,Text message,,,,No\n", appointmentHead+"5,1,P,S,12/31/2026,10:00,30,home visits,dna\n"), transfer.Options{Mapping: mapping})
	if report.Clients.Created != 1 || report.Appointments.Created != 1 || report.DateOrder != "MDY" {
		t.Errorf("%+v", report)
	}
	if got := b.text(`SELECT c.reminders || c.born || t.attendance || a.mode || a.wall FROM appointment a JOIN attendee t ON t.practice = $1 AND t.appointment = a.id JOIN client c ON c.practice = $1 AND c.id = t.client WHERE a.practice = $1`); got != "sms1990-12-31no showhome2026-12-31T10:00" {
		t.Error(got)
	}
}

func TestDateOrderIsFoundOrAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ born, date, want string }{
		{"03/02/1990", "04/05/2027", ""}, {"03/02/1990", "14/05/2027", "DMY"}, {"03/22/1990", "04/05/2027", "MDY"}, {"1990-03-02", "2027-05-04", "YMD"}, {"13/02/1990", "04/15/2027", ""},
	} {
		b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
		report, err := transfer.Import(context.Background(), b.db, b.keeper, b.id,
			files(clientHead+"1,,A,B,,"+c.born+",,,,,,,No\n", appointmentHead+"5,1,P,S,"+c.date+",10:00,30,Main,Booked\n"), transfer.Options{})
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), `write date_order = "DMY"`) {
				t.Errorf("%v: error %v", c, err)
			}
			continue
		}
		if err != nil || report.DateOrder != c.want {
			t.Errorf("%v: %v %v", c, report, err)
		}
	}
}

func TestWindows1252(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
	report := b.bring(files(strings.ReplaceAll(clientHead, ",", ";")+"1;;Zo\xeb;\x8eivkovi\x9a;;;;;;;;;No\r\n", appointmentHead, "practice.json", dayFirst), transfer.Options{})
	if got := b.text(`SELECT first_name || ' ' || last_name FROM client WHERE practice = $1`); got != "Zoë Živkoviš" {
		t.Error(got)
	}
	if report.Encoding != "windows-1252" || report.Remarks[0].Reason != "windows_1252" || report.Remarks[0].Line != 2 {
		t.Errorf("%+v", report)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(b *bench) {
		source := transfer.Source{Dir: "testdata/exports/wharf"}
		var lines bytes.Buffer
		dry := b.bring(source, transfer.Options{DryRun: true, Remarks: &lines})
		for _, table := range []string{"client", "appointment", "consent", "practitioner", "due", "staged_client", "staged_appointment", "import_change"} {
			if n := b.count(`SELECT count(*) FROM ` + table + ` WHERE practice = $1`); n != 0 {
				b.Errorf("%d rows of %s after a dry run", n, table)
			}
		}
		if n := strings.Count(lines.String(), "\n"); n != dry.RemarkCount || n == 0 {
			b.Errorf("%d lines for %d remarks", n, dry.RemarkCount)
		}
		wet := b.bring(source, transfer.Options{})
		wet.Batch, wet.DryRun = dry.Batch, true
		if a, c := asJSON(b.T, dry), asJSON(b.T, wet); a != c {
			b.Errorf("the dry run said\n%s\nand the import did\n%s", a, c)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestErrorsCarryNoValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite", practiceOf(t, "testdata/exports/wharf"))
	_, err := transfer.Import(context.Background(), b.db, b.keeper, "nobody's", files(clientHead+anna, appointmentHead, "practice.json", dayFirst), transfer.Options{})
	if fault.KindOf(err) != fault.NotFound || strings.Contains(err.Error(), "anna") {
		t.Errorf("another practice: %v", err)
	}
	if _, err := transfer.Undo(context.Background(), b.db, b.keeper, b.id, "nothing", transfer.Options{}); !errors.Is(err, transfer.ErrNoBatch) {
		t.Errorf("an import that never was: %v", err)
	}
	if _, err := transfer.Undo(context.Background(), b.db, b.keeper, b.id, "", transfer.Options{}); !errors.Is(err, transfer.ErrNothing) {
		t.Errorf("no import at all: %v", err)
	}
}
