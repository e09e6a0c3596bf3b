package sign

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/sign/proposal"
	"letterhead/sign/show"
	"letterhead/store"
)

// keyring is the page of keys and members.
type keyring struct {
	Owner    bool
	Alone    bool
	Keys     []keyRow
	Members  []memberRow
	Invited  []inviteRow
	Standing []standingRow
	Hosts    []hostRow
	Stopped  bool
	Channel  string // the second channel as of now
	Email    string
}

type keyRow struct {
	Subject, Member, Fingerprint, State string
	Recovery, Mine, Revoked             bool
	Signed                              []sinceRow // what it signed, the latest first
}

type sinceRow struct {
	Position int64
	Say      string
}

type memberRow struct {
	ID, Name   string
	Role, Team string // by what was signed; by the team list
}

const signsNothing = "signs nothing"

type inviteRow struct {
	ID, Name, State string
}

type standingRow struct {
	Digest, Title, Since string
}

type hostRow struct {
	Host string
	Off  bool
}

// mostSince bounds how many of a key's entries are offered as the first that a thief made.
const mostSince = 30

func (d *desk) keys(v *visit) (answer, error) {
	if v.session.founding != nil {
		return answer{status: http.StatusSeeOther, to: v.path("")}, nil
	}
	var k keyring
	err := d.chain(v, func(ctx context.Context, tx *store.Tx, s *approval.State) error {
		w, err := d.words(ctx, tx, v, s)
		if err != nil {
			return err
		}
		k.Owner = s.Role(v.session.member) == approval.Owner || s.Role(v.session.member) == approval.Manager
		k.Alone = s.PracticeOfOne()
		if err := k.addKeys(ctx, tx, v, s); err != nil {
			return err
		}
		k.addMembers(v, s)
		for _, kind := range kinds {
			for _, standing := range s.All(kind, tx.Now) {
				k.Standing = append(k.Standing, standingRow{standing.Digest.String(), named(standing.Statement, w), show.Moment(standing.From, v.zone)})
			}
		}
		if hosts, err := s.Current(approval.KindHosts, "hosts", tx.Now); err == nil {
			for _, h := range hosts.Statement.Body.Hosts.Hosts {
				k.Hosts = append(k.Hosts, hostRow{h, s.Host(h, tx.Now) != nil})
			}
		}
		if own, err := s.Current(approval.KindMember, string(v.session.member), tx.Now); err == nil {
			k.Channel = own.Statement.Body.Member.Channel
		}
		stops, err := message.Frozen(ctx, tx)
		k.Stopped = len(stops) > 0
		return err
	})
	if err != nil {
		return answer{}, err
	}
	invited, err := d.waits.List(v.practice(), v.now)
	if err != nil {
		return answer{}, err
	}
	for _, c := range invited {
		state := "was invited; the link works until " + show.Moment(c.Until.Time(), v.zone)
		if c.Key != "" {
			state = "has made a key, fingerprint " + show.Fingerprint(c.PublicKey) + "; it waits on the list"
		}
		k.Invited = append(k.Invited, inviteRow{c.ID, v.name(c.Member), state})
	}
	return answer{status: http.StatusOK, page: keysPage(frameOf(d, v, "Keys and members"), k)}, nil
}

func (k *keyring) addKeys(ctx context.Context, tx *store.Tx, v *visit, s *approval.State) error {
	entries, err := approval.ListAll(ctx, tx, 0)
	if err != nil {
		return err
	}
	for _, each := range s.Keys() {
		row := keyRow{Subject: each.Subject, Member: v.name(each.Member), Recovery: each.Recovery, Mine: each.Member == v.session.member, Revoked: each.Revoked > 0}
		row.Fingerprint = show.Fingerprint(each.PublicKey)
		switch {
		case each.Revoked > 0:
			row.State = "revoked"
		case tx.Now.Before(each.From):
			row.State = "may sign from " + show.Moment(each.From, v.zone)
		case tx.Now.Before(each.Aged) && !each.Recovery:
			row.State = "new: counts as one of two from " + show.Moment(each.Aged, v.zone)
		default:
			row.State = "in use"
		}
		for _, e := range slices.Backward(entries) {
			if e.Signature.Key == each.Subject && e.Head.Position > each.Position && len(row.Signed) < mostSince {
				row.Signed = append(row.Signed, sinceRow{e.Head.Position, "entry " + strconv.FormatInt(e.Head.Position, 10) + ", " + show.Moment(e.Sheet.At.Time(), v.zone)})
			}
		}
		k.Keys = append(k.Keys, row)
	}
	return nil
}

func (k *keyring) addMembers(v *visit, s *approval.State) {
	for _, m := range v.members {
		if !m.EndedAt.IsZero() {
			continue
		}
		role := string(s.Role(m.ID))
		if role == "" {
			role = signsNothing
		}
		k.Members = append(k.Members, memberRow{string(m.ID), v.name(m.ID), role, string(m.Role)})
		if m.ID == v.session.member {
			k.Email = m.Email
		}
	}
}

// compose puts a statement on the visit's own list, where it is shown and signed like every other.
func (d *desk) compose(v *visit) (answer, error) {
	form, err := v.form()
	if err != nil {
		return answer{}, err
	}
	if v.session.founding != nil {
		return answer{}, fault.New(fault.Conflict, "sign.founding", "sign your own key first")
	}
	composers := map[string]func(*desk, *visit, *approval.State, *store.Tx, func(string) string) ([]composed, error){
		"revoke": (*desk).composeRevoke, "role": (*desk).composeRole, "withdraw": (*desk).composeWithdraw, "host": (*desk).composeHost,
		"lift": (*desk).composeLift, "recovery": (*desk).composeRecovery, "channel": (*desk).composeChannel,
	}
	do := composers[form.Get("what")]
	if do == nil {
		return answer{}, errForm
	}
	var more []composed
	err = d.chain(v, func(_ context.Context, tx *store.Tx, s *approval.State) (err error) {
		more, err = do(d, v, s, tx, form.Get)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	s := v.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range more {
		s.composed = slices.DeleteFunc(s.composed, func(old composed) bool { return old.kind == c.kind && old.subject == c.subject })
	}
	if len(s.composed)+len(more) > mostComposed {
		return answer{}, fault.New(fault.TooMany, "sign.composed", "sign what is on your list first")
	}
	s.composed = append(s.composed, more...)
	to := v.path("")
	if form.Get("what") == "recovery" {
		to = v.path("/keep")
	}
	return answer{status: http.StatusSeeOther, to: to}, nil
}

func (d *desk) composeRevoke(_ *visit, s *approval.State, _ *store.Tx, field func(string) string) ([]composed, error) {
	all := s.Keys()
	at := slices.IndexFunc(all, func(k approval.Key) bool { return k.Subject == field("key") && k.Revoked == 0 })
	if at < 0 {
		return nil, errNothing
	}
	k, since := all[at], int64(0)
	if field("how") == "stolen" {
		since = s.Head().Position + 1
		if text := field("since"); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n <= k.Position || n > since {
				return nil, fault.Field("since", "sign.since", "choose one of what the key signed")
			}
			since = n
		}
	}
	return []composed{{kind: approval.KindKey, subject: k.Subject, fill: func(x *approval.Statement) {
		x.Body.Key = &approval.KeyBody{Action: approval.Revoke, Member: k.Member, PublicKey: approval.Bytes{}, Proof: approval.Bytes{}, Since: since}
	}}}, nil
}

func (d *desk) composeRole(v *visit, _ *approval.State, _ *store.Tx, field func(string) string) ([]composed, error) {
	member, role := store.MemberID(field("member")), approval.Role(field("role"))
	if !slices.Contains(v.teammates(), member) {
		return nil, fault.Field("member", "sign.member", "choose somebody of the team list")
	}
	if !slices.Contains(append(slices.Clone(rolesOffered), approval.ReadOnly), role) {
		return nil, fault.Field("role", "sign.role", "choose what they may sign as")
	}
	alone, err := strconv.ParseInt("0"+field("alone"), 10, 32)
	if err != nil {
		return nil, fault.Field("alone", "sign.alone", "write a number of recipients")
	}
	body := approval.MemberBody{Role: role, Alone: alone}
	return []composed{memberStatement(v, member, body)}, nil
}

// email is a member's address by the team list; "" where they are not on it.
func (v *visit) email(member store.MemberID) string {
	at := slices.IndexFunc(v.members, func(m guard.Member) bool { return m.ID == member })
	if at < 0 {
		return ""
	}
	return v.members[at].Email
}

func (d *desk) composeWithdraw(v *visit, _ *approval.State, _ *store.Tx, field func(string) string) ([]composed, error) {
	digest, err := approval.ParseDigest(field("digest"))
	if err != nil || digest == (approval.Digest{}) {
		return nil, errNothing
	}
	return []composed{{kind: approval.KindWithdraw, subject: digest.String(), fill: func(*approval.Statement) {}}}, nil
}

func (d *desk) composeHost(_ *visit, _ *approval.State, _ *store.Tx, field func(string) string) ([]composed, error) {
	off := field("off") == "yes"
	return []composed{{kind: approval.KindHost, subject: field("host"), fill: func(x *approval.Statement) { x.Body.Host = &approval.HostBody{Off: off} }}}, nil
}

// liftTogether bounds how many stops are put on the list at once.
const liftTogether = 20

// composeLift names the stops of the practice that there are, the earliest first: one that came later is not lifted by it. What the statement says is
// held is what the courier compares.
func (d *desk) composeLift(v *visit, _ *approval.State, tx *store.Tx, _ func(string) string) ([]composed, error) {
	stops, err := message.Frozen(v.Context(), tx)
	if err != nil {
		return nil, err
	}
	file, err := trust.Read(d.Folder)
	if err != nil {
		return nil, err
	}
	var out []composed
	for _, stop := range stops[:min(len(stops), liftTogether)] {
		facts := []show.Fact{{Name: "Stopped", Value: []string{show.Moment(stop.At, v.zone)}}, {Name: "Because", Value: []string{stop.Reason}}}
		out = append(out, composed{kind: approval.KindLift, subject: stop.ID, facts: facts, fill: func(x *approval.Statement) {
			x.Body.Lift = &approval.LiftBody{Epoch: file.Epoch, Scope: stop.Words()}
		}})
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "sign.stops", "there is no stop of this practice to lift")
	}
	return out, nil
}

// composeRecovery makes a new recovery sheet for the member who is here.
func (d *desk) composeRecovery(v *visit, s *approval.State, _ *store.Tx, _ func(string) string) ([]composed, error) {
	if s.Role(v.session.member) != approval.Owner {
		return nil, fault.New(fault.Denied, "sign.recovery_owner", "a recovery sheet is an owner's")
	}
	paper := approval.NewRecoverySheet()
	v.session.mu.Lock()
	v.session.paper = &paper
	v.session.composed = slices.DeleteFunc(v.session.composed, func(c composed) bool { return c.kind == approval.KindKey && c.recovery })
	v.session.mu.Unlock()
	member := v.session.member
	return []composed{{kind: approval.KindKey, subject: approval.RecoverySubject(paper.PublicKey()), recovery: true, fill: func(x *approval.Statement) {
		x.Body.Key = &approval.KeyBody{Action: approval.Recovery, Member: member, PublicKey: paper.PublicKey(), Proof: approval.Bytes{}}
	}}}, nil
}

// composeChannel names the e-mail address of the member's own row as second channel: the statement holds a commitment, so that a row that was
// changed since is noticed.
func (d *desk) composeChannel(v *visit, s *approval.State, tx *store.Tx, _ func(string) string) ([]composed, error) {
	member := v.session.member
	body := approval.MemberBody{Role: s.Role(member)}
	if old, err := s.Current(approval.KindMember, string(member), tx.Now); err == nil {
		body.Alone = old.Statement.Body.Member.Alone
	}
	return []composed{memberStatement(v, member, body)}, nil
}

// memberStatement says what a member may sign, and that they are told at the e-mail address that the team list has now.
func memberStatement(v *visit, member store.MemberID, body approval.MemberBody) composed {
	address := v.email(member)
	return composed{kind: approval.KindMember, subject: string(member), address: address, fill: func(x *approval.Statement) {
		x.Body.Member = proposal.CommitTo(x, body, address)
	}}
}

func (d *desk) lock(v *visit) (answer, error) {
	d.memory.leave(v.token)
	return answer{status: http.StatusSeeOther, to: v.path(""), leave: true}, nil
}
