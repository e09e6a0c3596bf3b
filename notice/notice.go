// Package notice is what Letterhead itself tells a practice's members by e-mail: an invitation, something
// waits for a signature or takes effect soon, a signing key, a stop, messages that are held, a sign-in from another device, a changed way to sign in, an incident.
//
// The words are compiled into the program: a notice names one of them, and nothing that anybody typed merges: no name, no text, no reason, no practice.
// What merges is when it was noticed and the recipient's own link, a page of the portal. It comes from the operator's own domain.
//
// Promises: what there is to tell is read from what lasts (open invitations, stops, the verified chain, held messages, sessions) by a look that comes
// again and again; a notice and its row are written in one transaction, and none twice: so a killed process loses none and doubles none. Each kind has
// its own share of a day, for each address and for the practice: no flood of one keeps another from being told. An owner or signer is told where
// their signed statement says: the courier compares, and holds what a changed row would lead elsewhere. An invitation's link is worked out when it is
// sent, and only for the address that was invited.
//
// Never: an address or a secret in clear in a row; a notice to a client; anything but a message of kind system, which the courier knows by its digest.
//
// A notice is queued as a message and has its states.
package notice

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"letterhead/client"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
)

// Kind is what a notice is about.
type Kind string

// The kinds.
const (
	Invitation Kind = "invitation" // come into the team
	Asked      Kind = "asked"      // something waits for the member's signature
	Begins     Kind = "begins"     // something was signed and takes effect soon
	KeyAdded   Kind = "key-added"  // a signing key or a recovery sheet
	KeyRevoked Kind = "key-revoked"
	Stopped    Kind = "stopped"  // sending, or a part of it
	Unsigned   Kind = "unsigned" // messages are held for want of a signature
	Device     Kind = "device"   // a sign-in from a device that the person had not used
	Changed    Kind = "changed"  // the ways to sign in
	Incident   Kind = "incident" // one concerns the practice; again when nobody read of it
)

// use is how long a kind is of use, where its link leads, and its share of a day: of the practice and of one address. The practice's shares together
// stay within the courier's own bound, signed.SystemDay; a thief of a key who signs much cannot use up what tells of it within the wait.
type use struct {
	life          time.Duration
	page          string
	practice, one int
	gap           time.Duration // between two to one address
}

var uses = map[Kind]use{
	Invitation: {7 * day, "/invitation/", 20, 4, 0}, // and the token
	Asked:      {day, "/stop", 7, 4, 0},
	Begins:     {2 * time.Hour, "/stop", 30, 15, 10 * time.Minute},
	KeyAdded:   {day, "/stop", 7, 4, 0},
	KeyRevoked: {day, "/stop", 7, 4, 0},
	Stopped:    {day, "/stop", 7, 4, 0},
	Unsigned:   {day, "/stop", 7, 4, 0},
	Device:     {day, "/security", 7, 4, 0},
	Changed:    {day, "/security", 7, 4, 0},
	Incident:   {3 * day, "/incidents", 10, 4, 0},
}

const (
	day        = 24 * time.Hour
	mostOwners = 5
)

// Prefix is what the ids of our versions begin with: no practice has such an id.
const Prefix = "letterhead:"

// Words are the notices of an installation, as its courier sends them. They do not change.
type Words struct {
	portal  string
	known   map[string]Version // by id
	digests map[string]bool
}

// Version is one wording: the kind, or one of its forms.
type Version struct {
	ID, Digest string
	Canonical  []byte
	Kind       Kind
}

// From is the address that notices come from unless the operator names another one of the platform's domain.
const From = "notices"

// New writes the notices of an installation: from is an e-mail address of the operator's own domain, portal where members reach their pages.
func New(from, portal string) (*Words, error) {
	local, domain, ok := strings.Cut(from, "@")
	if !ok {
		return nil, fault.Field("courier.notices_from", "notice.from", "write the address that notices come from, such as notices@mail.example.org")
	}
	w := &Words{portal: strings.TrimSuffix(portal, "/"), known: map[string]Version{}, digests: map[string]bool{}}
	sender := wording.Sender{Name: "Letterhead", Local: local, Domain: domain}
	for _, e := range english() {
		v := e.version(sender)
		if err := v.Validate(); err != nil {
			if f := fault.As(err); f != nil && strings.HasPrefix(f.Field, "sender") {
				return nil, fault.Field("courier.notices_from", "notice.from", "write the address that notices come from, such as notices@mail.example.org").With(err)
			}
			return nil, err
		}
		raw, err := v.Canonical()
		if err != nil {
			return nil, err
		}
		digest, err := v.Digest()
		if err != nil {
			return nil, err
		}
		id := Prefix + e.key
		w.known[id] = Version{ID: id, Digest: digest.String(), Canonical: raw, Kind: e.kind}
		w.digests[digest.String()] = true
	}
	return w, nil
}

// Is tells whether a digest is that of one of the notices.
func (w *Words) Is(digest string) bool { return w.digests[digest] }

// All are the notices, by id.
func (w *Words) All() []Version {
	var out []Version
	for _, v := range w.known {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Version) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Wanted is a notice to be given.
type Wanted struct {
	Member guard.Member
	Kind   Kind
	Form   string // of the kind's words; "" for the only one
	About  string // what of its kind: told once
}

func (w Wanted) key() string {
	if w.Form == "" {
		return string(w.Kind)
	}
	return string(w.Kind) + "-" + w.Form
}

// Give queues what was not told before, as far as the day's shares reach, and returns how many messages. What finds no room is wanted again by a later
// look.
func (w *Words) Give(ctx context.Context, tx *store.Tx, keys *vault.Keys, wanted []Wanted) (int, error) {
	room, err := roomOf(ctx, tx)
	if err != nil {
		return 0, err
	}
	given := 0
	for _, one := range wanted {
		v, known := w.known[Prefix+one.key()]
		if !known {
			return given, fault.New(fault.Internal, "notice.form", "").With(errors.New("there is no notice " + one.key()))
		}
		_, index := addressOf(keys, one.Member)
		o := once{one.Member.ID, one.Kind, one.About}
		if index == "" || room.told[o] || !room.take(one.Kind, index, tx.Now) {
			continue
		}
		room.told[o] = true
		ids, err := message.Queue(ctx, tx, []message.Intent{{Kind: message.System, Channel: message.Email, Purpose: message.Appointments, Version: v.ID, Digest: v.Digest,
			Language: language, Recipient: string(one.Member.ID), Turn: tx.Now, NotAfter: tx.Now.Add(uses[one.Kind].life)}})
		if err != nil {
			return given, err
		}
		if err := insert(ctx, tx, ids[0], one, index); err != nil {
			return given, err
		}
		given++
	}
	return given, nil
}

// addressOf is where a member is told, with its keyed blind index.
func addressOf(keys *vault.Keys, m guard.Member) (address, index string) {
	a := client.NormaliseEmail(m.Email)
	return a.Normal, client.AddressIndex(keys, practice.Email, a)
}
