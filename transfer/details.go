package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
)

// details are what practice.json says.
type details struct {
	Name      string `json:"name"`
	Zone      string `json:"zone"`
	Country   string `json:"country"`
	Phone     string `json:"phone"`
	Host      string `json:"host"`
	DateOrder string `json:"date_order"`
}

const (
	practiceFile     = "practice.json"
	clientsFile      = "clients.csv"
	appointmentsFile = "appointments.csv"
	maxDetails       = 1 << 20
)

// readDetails reads practice.json; an export without one is no error.
func readDetails(files fs.FS) (*details, error) {
	file, err := files.Open(practiceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &details{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", practiceFile, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxDetails+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", practiceFile, err)
	}
	if len(raw) > maxDetails {
		return nil, fault.Field(practiceFile, "transfer.practice", "the file is larger than 1 MB")
	}
	var d details
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(raw), "\ufeff")), &d); err != nil {
		return nil, fault.Field(practiceFile, "transfer.practice", "it is no JSON of the documented form: %s", err)
	}
	return &d, nil
}

// compare says where the export and the practice disagree. Zone and country change what every row means: they are said, and the practice's count.
func (d *details) compare(p practice.Practice, remark func(Remark)) {
	say := func(field, value, text string) {
		remark(Remark{File: practiceFile, Column: field, Reason: field + "_differs", Say: text, Value: value})
	}
	if d.Zone != "" && d.Zone != p.Zone {
		say("zone", d.Zone, "the export's time zone is not the practice's ("+p.Zone+"), which is used")
	}
	if d.Country != "" && !strings.EqualFold(d.Country, p.Country) {
		say("country", d.Country, "the export's country is not the practice's ("+p.Country+"), by whose habits phone numbers are read")
	}
	if d.Name != "" && p.Name != "" && strings.TrimSpace(d.Name) != p.Name {
		say("name", d.Name, "the export's name is not the practice's, which stays")
	}
}

// foreign refuses an export that says it is another practice's: of another country, and of another name or zone. Every time and phone number of it
// would be read by the wrong habits.
func (d *details) foreign(p practice.Practice) error {
	if d.Country == "" || strings.EqualFold(d.Country, p.Country) {
		return nil
	}
	name := d.Name != "" && p.Name != "" && strings.TrimSpace(d.Name) != p.Name
	if !name && (d.Zone == "" || d.Zone == p.Zone) {
		return nil
	}
	return fault.Field(practiceFile, "transfer.foreign", "the export is of %s (%s, %s), and this practice is %s (%s, %s); choose the practice that it belongs to, or say with --other-practice that it is meant for this one",
		d.Name, d.Country, d.Zone, p.Name, p.Country, p.Zone)
}

// fill writes into the practice what it has empty and returns which fields. What is no phone number or host is remarked on.
func (d *details) fill(ctx context.Context, tx *store.Tx, p practice.Practice) (filled []string, remarks []Remark, err error) {
	for _, f := range []struct {
		field string
		value string
		into  func(*practice.Practice) *string
	}{
		{"name", d.Name, func(p *practice.Practice) *string { return &p.Name }},
		{"phone", d.Phone, func(p *practice.Practice) *string { return &p.Phone }},
		{"website", d.Host, func(p *practice.Practice) *string { return &p.Website }},
	} {
		if f.value == "" || *f.into(&p) != "" {
			continue
		}
		tried := p
		*f.into(&tried) = f.value
		changed, err := practice.Change(ctx, tx, tried)
		var bad *fault.Error
		if errors.As(err, &bad) && bad.Kind == fault.Invalid {
			remarks = append(remarks, Remark{File: practiceFile, Column: f.field, Reason: f.field + "_bad", Say: bad.Say, Value: f.value})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		p = changed
		filled = append(filled, f.field)
	}
	return filled, remarks, nil
}
