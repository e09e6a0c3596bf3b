package resource

import (
	"context"

	"letterhead/api/call"
	"letterhead/practice"
	"letterhead/store"
)

// PracticeOut is the practice of a credential.
type PracticeOut struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Country  string `json:"country" doc:"ISO 3166-1 alpha-2."`
	Zone     string `json:"zone" doc:"IANA name of the time zone in which days are asked for."`
	Language string `json:"language" doc:"BCP 47."`
}

// Practice is the credential's.
func Practice(c *call.Call, _ call.Nothing) (PracticeOut, error) {
	p := c.Practice
	return PracticeOut{ID: string(p.ID), Name: p.Name, Country: p.Country, Zone: p.Zone, Language: p.Language}, nil
}

// LocationOut is a place.
type LocationOut struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Zone    string `json:"zone" doc:"On whose clock appointments here are written."`
	Address string `json:"address,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

// LocationList is all there are.
type LocationList struct {
	Locations []LocationOut `json:"locations"`
}

// Locations are those in use, in their order; the first is taken when none is named.
func Locations(c *call.Call, _ call.Nothing) (LocationList, error) {
	out, err := listed(c, practice.Locations, func(l practice.Location) LocationOut {
		return LocationOut{ID: string(l.ID), Name: l.Name, Zone: l.Zone, Address: l.Address, Phone: l.Phone}
	})
	return LocationList{out}, err
}

// ServiceOut is a service.
type ServiceOut struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Minutes int    `json:"minutes"`
	Mode    string `json:"mode" enum:"in person,video,phone,home"`
}

// ServiceList is all there are.
type ServiceList struct {
	Services []ServiceOut `json:"services"`
}

// Services are those in use.
func Services(c *call.Call, _ call.Nothing) (ServiceList, error) {
	out, err := listed(c, practice.Services, func(s practice.Service) ServiceOut {
		return ServiceOut{ID: string(s.ID), Name: s.Name, Minutes: s.Minutes, Mode: string(s.Mode)}
	})
	return ServiceList{out}, err
}

// PractitionerOut is who is booked.
type PractitionerOut struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// PractitionerList is all there are.
type PractitionerList struct {
	Practitioners []PractitionerOut `json:"practitioners"`
}

// Practitioners are those in use.
func Practitioners(c *call.Call, _ call.Nothing) (PractitionerList, error) {
	out, err := listed(c, practice.Practitioners, func(p practice.Practitioner) PractitionerOut {
		return PractitionerOut{ID: string(p.ID), Name: p.Name}
	})
	return PractitionerList{out}, err
}

// listed reads a practice's things, which are bounded by package practice.
func listed[T, Out any](c *call.Call, read func(context.Context, *store.Tx) ([]T, error), as func(T) Out) ([]Out, error) {
	out := []Out{}
	err := c.View(func(ctx context.Context, tx *store.Tx) error {
		all, err := read(ctx, tx)
		for _, each := range all {
			out = append(out, as(each))
		}
		return err
	})
	return out, err
}
