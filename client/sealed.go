package client

import (
	"encoding/json"
	"fmt"
	"strings"

	"letterhead/store"
	"letterhead/vault"
)

// Details are what the column sealed holds.
type Details struct {
	Email  Address
	Mobile Address
	Alert  string `json:",omitempty"`
}

// Indexes are the keyed indexes of Details, by column.
type Indexes struct {
	Email, Local, Mobile, Tail4, Tail5, Tail6 string
}

// Seal seals a client's details for the row's version: whatever raises the version seals again.
func Seal(keys *vault.Keys, id ID, version int64, d Details) []byte {
	return sealAt(keys, vault.Place{Table: "client", Row: string(id), Column: "sealed", Version: version}, d)
}

// What the access log says is seen when details are opened.
const (
	clientFields  = "name,born,email,mobile,alert"
	contactFields = "contact"
)

// open is Seal's inverse, and a look at the client.
func open(tx *store.Tx, keys *vault.Keys, of vault.Of, id ID, version int64, sealed []byte) (Details, error) {
	return openAt(tx, keys, of, vault.Place{Table: "client", Row: string(id), Column: "sealed", Version: version}, sealed)
}

func contactPlace(id ContactID, version int64) vault.Place {
	return vault.Place{Table: "contact", Row: string(id), Column: "sealed", Version: version}
}

func sealAt(keys *vault.Keys, at vault.Place, d Details) []byte {
	plain, err := json.Marshal(d)
	if err != nil {
		panic("client: details that are no JSON: " + err.Error()) // strings alone: it cannot be
	}
	return keys.Seal(at, plain)
}

func openAt(tx *store.Tx, keys *vault.Keys, of vault.Of, at vault.Place, sealed []byte) (Details, error) {
	plain, err := keys.Open(tx, of, at, sealed)
	if err != nil {
		return Details{}, fmt.Errorf("open the details of %s %s: %w", at.Table, at.Row, err)
	}
	var d Details
	if err := json.Unmarshal(plain, &d); err != nil {
		return Details{}, fmt.Errorf("read the details of %s %s: %w", at.Table, at.Row, err)
	}
	return d, nil
}

func emailIndex(keys *vault.Keys, a Address) string {
	return keys.Index("email", strings.ToLower(a.Normal))
}

func mobileIndex(keys *vault.Keys, a Address) string { return keys.Index("mobile", a.Normal) }

// IndexesOf computes the keyed indexes of a client's details.
func IndexesOf(keys *vault.Keys, d Details) Indexes {
	var x Indexes
	if d.Email.State == Good {
		whole := strings.ToLower(d.Email.Normal)
		local, _, _ := strings.Cut(whole, "@")
		x.Email, x.Local = emailIndex(keys, d.Email), keys.Index("local", local)
	}
	if d.Mobile.State == Good {
		x.Mobile = mobileIndex(keys, d.Mobile)
		tail := func(n int) string {
			digits := strings.TrimPrefix(d.Mobile.Normal, "+")
			return digits[max(0, len(digits)-n):]
		}
		x.Tail4, x.Tail5, x.Tail6 = keys.Index("tail4", tail(4)), keys.Index("tail5", tail(5)), keys.Index("tail6", tail(6))
	}
	return x
}
