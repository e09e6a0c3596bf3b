package resource

import (
	"context"
	"time"

	"letterhead/api/call"
	"letterhead/client"
	"letterhead/plan"
	"letterhead/store"
)

// ClientOut is a person cared for.
type ClientOut struct {
	ID            string     `json:"id"`
	External      string     `json:"external,omitempty" doc:"The id in the system that they were imported from."`
	Title         string     `json:"title,omitempty"`
	FirstName     string     `json:"first_name"`
	LastName      string     `json:"last_name"`
	PreferredName string     `json:"preferred_name,omitempty"`
	Born          string     `json:"born,omitempty" doc:"2026-12-01."`
	Language      string     `json:"language,omitempty" doc:"BCP 47; empty: the practice's."`
	Zone          string     `json:"zone,omitempty" doc:"IANA; empty: the practice's."`
	Reminders     string     `json:"reminders,omitempty" enum:",email,sms,both,none" doc:"How they want to be reminded; empty: as the practice does."`
	Email         AddressOut `json:"email"`
	Mobile        AddressOut `json:"mobile"`
	Archived      bool       `json:"archived"`
	Version       int64      `json:"version"`
	CreatedAt     time.Time  `json:"created_at"`
	ChangedAt     time.Time  `json:"changed_at"`
}

// AddressOut is how somebody is reached.
type AddressOut struct {
	Written string `json:"written,omitempty" doc:"As somebody wrote it."`
	Used    string `json:"used,omitempty" doc:"As messages use it; empty unless the state is good."`
	State   string `json:"state" enum:"none,good,bad"`
}

func addressOut(a client.Address) AddressOut {
	return AddressOut{Written: a.Written, Used: a.Normal, State: string(a.State)}
}

func clientOut(c client.Client) ClientOut {
	return ClientOut{ID: string(c.ID), External: c.External, Title: c.Title, FirstName: c.FirstName, LastName: c.LastName, PreferredName: c.PreferredName, Born: c.Born,
		Language: c.Language, Zone: c.Zone, Reminders: string(c.Reminders), Email: addressOut(c.Email), Mobile: addressOut(c.Mobile), Archived: !c.ArchivedAt.IsZero(),
		Version: c.Version, CreatedAt: c.CreatedAt, ChangedAt: c.ChangedAt}
}

// ClientList is a page of clients.
type ClientList struct {
	Clients []ClientOut `json:"clients"`
	Next    string      `json:"next,omitempty" doc:"Give it as after to get the next page; not there at the end."`
}

// ListClients lists everybody who is not archived.
func ListClients(c *call.Call, in Page) (ClientList, error) {
	return clients(c, client.Query{After: client.ID(in.After)}, in)
}

// ClientSearch is what is searched for. It is posted, for a name has no place in an address.
type ClientSearch struct {
	Text     string `json:"text" doc:"A part of a name, a date of birth, a phone number or its last 4 to 6 digits, an e-mail address or what stands before its @."`
	Archived bool   `json:"archived,omitempty" doc:"Also those who are archived."`
	After    string `json:"after,omitempty"`
	Limit    int    `json:"limit,omitempty"`
}

// SearchClients finds clients.
func SearchClients(c *call.Call, in ClientSearch) (ClientList, error) {
	return clients(c, client.Query{Text: in.Text, Archived: in.Archived, After: client.ID(in.After)}, Page{After: in.After, Limit: in.Limit})
}

func clients(c *call.Call, q client.Query, p Page) (ClientList, error) {
	out := ClientList{Clients: []ClientOut{}}
	limit, err := p.limit()
	if err != nil {
		return out, err
	}
	err = c.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return err
		}
		found, err := client.Search(ctx, tx, keys, q, limit)
		out.Next = string(found.Next)
		for _, each := range found.Clients {
			out.Clients = append(out.Clients, clientOut(each))
		}
		return err
	})
	return out, err
}

// FindClient is one client, archived ones too.
func FindClient(c *call.Call, _ call.Nothing) (ClientOut, error) {
	var found client.Client
	err := c.View(func(ctx context.Context, tx *store.Tx) error {
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return err
		}
		found, err = client.Find(ctx, tx, keys, client.ID(c.Path("id")))
		return err
	})
	c.Made("", found.Version)
	return clientOut(found), err
}

// ClientNew is a client to be added.
type ClientNew struct {
	Title         string `json:"title,omitempty"`
	FirstName     string `json:"first_name"`
	LastName      string `json:"last_name"`
	PreferredName string `json:"preferred_name,omitempty"`
	Born          string `json:"born,omitempty" doc:"2026-12-01."`
	Language      string `json:"language,omitempty"`
	Zone          string `json:"zone,omitempty"`
	Reminders     string `json:"reminders,omitempty" enum:",email,sms,both,none"`
	Email         string `json:"email,omitempty"`
	Mobile        string `json:"mobile,omitempty"`
}

// AddClient adds a client.
func AddClient(c *call.Call, in ClientNew) (Made, error) {
	var version int64
	id, err := c.Once(in, func(ctx context.Context, tx *store.Tx) (string, error) {
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return "", err
		}
		added, err := client.Add(ctx, tx, keys, client.Client{Title: in.Title, FirstName: in.FirstName, LastName: in.LastName, PreferredName: in.PreferredName, Born: in.Born,
			Language: in.Language, Zone: in.Zone, Reminders: client.Reminders(in.Reminders), Email: client.Address{Written: in.Email}, Mobile: client.Address{Written: in.Mobile}})
		version = added.Version
		return string(added.ID), err
	})
	return made(c, "clients", id, version, err)
}

// ClientEdit is what is to change of a client: what is not there stays.
type ClientEdit struct {
	Title         *string `json:"title,omitempty"`
	FirstName     *string `json:"first_name,omitempty"`
	LastName      *string `json:"last_name,omitempty"`
	PreferredName *string `json:"preferred_name,omitempty"`
	Born          *string `json:"born,omitempty" doc:"2026-12-01, or empty."`
	Language      *string `json:"language,omitempty"`
	Zone          *string `json:"zone,omitempty"`
	Reminders     *string `json:"reminders,omitempty" enum:",email,sms,both,none"`
	Email         *string `json:"email,omitempty"`
	Mobile        *string `json:"mobile,omitempty"`
}

func (e ClientEdit) of(c *client.Client) {
	reminders := string(c.Reminders)
	for _, each := range []struct {
		given *string
		into  *string
	}{
		{e.Title, &c.Title}, {e.FirstName, &c.FirstName}, {e.LastName, &c.LastName}, {e.PreferredName, &c.PreferredName}, {e.Born, &c.Born}, {e.Language, &c.Language},
		{e.Zone, &c.Zone}, {e.Reminders, &reminders}, {e.Email, &c.Email.Written}, {e.Mobile, &c.Mobile.Written},
	} {
		if each.given != nil {
			*each.into = *each.given
		}
	}
	c.Reminders = client.Reminders(reminders)
}

// ChangeClient changes what is named, and plans the client's appointments to come again.
func ChangeClient(c *call.Call, in ClientEdit) (Made, error) {
	var version int64
	id, err := c.Once(in, func(ctx context.Context, tx *store.Tx) (string, error) {
		keys, err := c.Keys(ctx, tx)
		if err != nil {
			return "", err
		}
		known, err := client.Find(ctx, tx, keys, client.ID(c.Path("id")))
		if err != nil {
			return "", err
		}
		in.of(&known)
		known.Version = c.Version()
		changed, err := client.Change(ctx, tx, keys, known)
		if err != nil {
			return "", err
		}
		version = changed.Version
		return string(changed.ID), plan.RefreshClient(ctx, tx, changed.ID)
	})
	return made(c, "clients", id, version, err)
}
