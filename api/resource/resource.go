// Package resource is what programs read and change: a handler for each route of the API, and the shapes of what goes in and out.
//
// It asks the functions that the pages ask, in transactions of the credential, so that the same things are refused, planned again and kept from who
// may not see them. It promises: names of clients only with the scope to read clients; no address with a message without it; what may change
// whether something is sent plans again in the same transaction; nothing in an address but ids, days and cursors.
//
// It holds no SQL.
package resource

import (
	"letterhead/api/call"
	"letterhead/fault"
)

// Page is what every list is asked with.
type Page struct {
	After string `query:"after" doc:"The next of the page before; empty for the first."`
	Limit int    `query:"limit" doc:"How many at most: 1 to 100; 50 when it is not there."`
}

const (
	usual = 50
	most  = 100
)

func (p Page) limit() (int, error) {
	switch {
	case p.Limit == 0:
		return usual, nil
	case p.Limit < 1 || p.Limit > most:
		return 0, fault.Field("limit", "api.limit", "a page has 1 to %d", most)
	case len(p.After) > 100:
		return 0, errCursor
	}
	return p.Limit, nil
}

var errCursor = fault.Field("after", "api.cursor", "take the next that the page before this one returned")

// Made is what was made or changed.
type Made struct {
	ID      string `json:"id"`
	Version int64  `json:"version,omitempty" doc:"Its version, as the ETag says; not there when the request was a repeat, or what was made has none."`
}

// made answers with what was made, and where it is.
func made(c *call.Call, place, id string, version int64, err error) (Made, error) {
	if err != nil {
		return Made{}, err
	}
	if c.Replayed() {
		version = 0
	}
	if place != "" {
		c.Made("/api/v1/"+place+"/"+id, version)
	}
	return Made{ID: id, Version: version}, nil
}
