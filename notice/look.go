package notice

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"letterhead/approval"
	"letterhead/guard"
	"letterhead/incident/book"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/zone"
)

// Chains are the practices' approvals, as package courier/chain keeps them.
type Chains interface {
	Read(ctx context.Context, tx *store.Tx, do func(*approval.State) error) error
}

// Teller finds what there is to tell.
type Teller struct {
	Words  *Words
	Keeper *vault.Keeper
	DB     *store.DB
}

// Look tells a practice's members what is new, and returns how many messages were queued. changed are those whose ways to sign in were.
func (t Teller) Look(ctx context.Context, id store.PracticeID, chains Chains, changed []guard.Happened) (given int, err error) {
	actor := store.Actor{Practice: id, Agent: "notice"}
	var wanted []Wanted
	if err := t.DB.View(ctx, actor, func(tx *store.Tx) (err error) {
		wanted, err = find(ctx, tx, chains, changed)
		return err
	}); err != nil || len(wanted) == 0 {
		return 0, err
	}
	err = t.DB.Change(ctx, actor, func(tx *store.Tx) error {
		keys, err := t.Keeper.Keys(ctx, tx)
		if err == nil {
			given, err = t.Words.Give(ctx, tx, keys, wanted)
		}
		return err
	})
	return given, err
}

// finder collects what there is to tell.
type finder struct {
	tx    *store.Tx
	team  []guard.Member
	roles map[store.MemberID]approval.Role // by the chain
	zone  string
	out   []Wanted
}

// find returns what was not told yet.
func find(ctx context.Context, tx *store.Tx, chains Chains, changed []guard.Happened) ([]Wanted, error) {
	f := &finder{tx: tx, roles: map[store.MemberID]approval.Role{}}
	p, err := practice.Find(ctx, tx)
	if err != nil || !p.ClosedAt.IsZero() {
		return nil, err
	}
	f.zone = p.Zone
	if f.team, err = guard.Members(ctx, tx); err != nil {
		return nil, err
	}
	err = chains.Read(ctx, tx, func(s *approval.State) error { f.signed(s); return nil })
	if refused := new(approval.Refused); err != nil && !errors.As(err, &refused) { // of a chain that does not hold nothing is told; of all else it is
		return nil, err
	}
	for _, look := range []func(context.Context) error{f.doors, f.stops, f.held, f.incidents} {
		if err := look(ctx); err != nil {
			return nil, err
		}
	}
	for _, h := range changed {
		f.tell(Changed, "", h.ID, func(m guard.Member) bool { return m.ID == h.Member })
	}
	if len(f.out) == 0 {
		return nil, nil
	}
	known, err := read(ctx, tx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(f.out, func(w Wanted) bool { return known.told[once{w.Member.ID, w.Kind, w.About}] }), nil
}

// tell adds a notice for each of the team who is meant and has come in; of an invitation, who has not.
func (f *finder) tell(kind Kind, form, about string, meant func(guard.Member) bool) {
	for _, m := range f.team {
		if (m.Person == "") == (kind == Invitation) && meant(m) {
			f.out = append(f.out, Wanted{Member: m, Kind: kind, Form: form, About: about})
		}
	}
}

// owners are those by the rows and those by the chain, so that changing a row silences nobody; at most mostOwners.
func (f *finder) owners() func(guard.Member) bool {
	n := 0
	return func(m guard.Member) bool {
		if m.Role != guard.Owner && f.roles[m.ID] != approval.Owner {
			return false
		}
		n++
		return n <= mostOwners
	}
}

func (f *finder) signed(s *approval.State) {
	now := f.tx.Now
	signs := map[store.MemberID]bool{}
	for _, k := range s.Keys() {
		if k.Revoked == 0 && !k.Recovery {
			signs[k.Member] = true
		}
	}
	for _, m := range f.team {
		f.roles[m.ID] = s.Role(m.ID)
	}
	for _, p := range s.Waiting(now) {
		about := hex.EncodeToString(p.Digest[:])
		switch p.Reason { //nolint:exhaustive // what waits for a key's age or a second look has been told as one of these
		case approval.NeedsSecond:
			f.tell(Asked, "", about, func(m guard.Member) bool {
				role := f.roles[m.ID]
				return signs[m.ID] && (role == approval.Owner || role == approval.Manager) && !slices.ContainsFunc(p.Signers, func(g approval.Signer) bool { return g.Member == m.ID })
			})
		case approval.Waiting:
			if w := p.Statement.Window; s.PracticeOfOne() && (w == nil || !p.Until.Equal(w.From.Time())) { // else it waits for its own day
				f.tell(Begins, "", about, f.owners())
			}
		}
	}
	for _, k := range s.Keys() {
		last, err := s.Current(approval.KindKey, k.Subject, now)
		if err != nil || last.From.Before(since(now, KeyAdded)) {
			continue
		}
		kind, owner := KeyAdded, f.owners()
		if last.Statement.Body.Key.Action == approval.Revoke {
			kind = KeyRevoked
		}
		f.tell(kind, "", hex.EncodeToString(last.Digest[:]), func(m guard.Member) bool { return m.ID == k.Member || owner(m) })
	}
}

// doors finds invitations and sign-ins.
func (f *finder) doors(ctx context.Context) error {
	open, err := guard.Open(ctx, f.tx, since(f.tx.Now, Invitation))
	if err != nil {
		return err
	}
	for _, h := range open {
		f.tell(Invitation, "", h.ID, func(m guard.Member) bool { return m.ID == h.Member })
	}
	devices, err := guard.OtherDevices(ctx, f.tx, since(f.tx.Now, Device))
	for _, h := range devices {
		f.tell(Device, "", h.ID, func(m guard.Member) bool { return m.ID == h.Member })
	}
	return err
}

func (f *finder) stops(ctx context.Context) error {
	open, err := message.Frozen(ctx, f.tx)
	if err != nil {
		return err
	}
	for _, s := range open {
		if s.At.Before(since(f.tx.Now, Stopped)) || parts[s.Scope] == "" {
			continue
		}
		f.tell(Stopped, f.by(s.Who)+"-"+string(s.Scope), s.ID, f.owners())
	}
	return nil
}

// breaker is who makes the breaker's stops, as courier/lookout writes it.
const breaker = "the breaker"

func (f *finder) by(who string) string {
	switch {
	case who == breaker:
		return "breaker"
	case slices.ContainsFunc(f.team, func(m guard.Member) bool { return string(m.ID) == who }):
		return "person"
	}
	return "other"
}

// incidents tells the owners that one concerns the practice, and once more when none of its people has opened the page for some hours.
func (f *finder) incidents(ctx context.Context) error {
	told, err := book.Telling(ctx, f.tx, since(f.tx.Now, Incident))
	for _, x := range told {
		f.tell(Incident, "", x.Incident, f.owners())
		if x.ReadAt.IsZero() && f.tx.Now.Sub(x.TellAt) > unread {
			f.tell(Incident, "unread", x.Incident+" unread", f.owners())
		}
	}
	return err
}

// unread is for how long nobody may have read of an incident before its owners are told again.
const unread = 4 * time.Hour

// held tells once a day, by the practice's own clock, that messages wait to be signed.
func (f *finder) held(ctx context.Context) error {
	n, err := message.CountHeld(ctx, f.tx, message.ReasonUnsigned)
	if err != nil || n == 0 {
		return err
	}
	home, err := zone.Load(f.zone)
	if err != nil {
		return err
	}
	date := zone.WallOf(f.tx.Now.In(home)).Date
	f.tell(Unsigned, howMany(n), strconv.Itoa(date.Year)+"-"+strconv.Itoa(int(date.Month))+"-"+strconv.Itoa(date.Day), f.owners())
	return nil
}
