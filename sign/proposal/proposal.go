// Package proposal says what of a practice its people have not signed as it is now: what the signing desk shows and asks for.
package proposal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"letterhead/approval"
	"letterhead/client"
	"letterhead/courier/budget"
	"letterhead/fault"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/order"
	"letterhead/plan"
	"letterhead/practice"
	"letterhead/sign/show"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/wording"
)

// Proposal is something of a practice that its people have not signed as it is now: what the desk shows and asks for.
type Proposal struct {
	Kind    approval.Kind
	Subject string
	Title   string          // in words, for a list
	Digest  approval.Digest // of Content, where the kind has one
	Content []byte          // canonical JSON of a wording's version, a rule or the practice's details; nil of the rest
	Body    approval.Body
	Limits  *approval.Limits
	Window  *approval.Window
	Expires approval.Instant
	Facts   []show.Fact // that the statement names by an id or an index, in words
	Address string      // of a member: what the statement commits to without saying it; "" of the rest
}

// Statement drafts what a member would sign.
func (p *Proposal) Statement(s *approval.State, who store.MemberID) *approval.Statement {
	x := s.Draft(p.Kind, p.Subject, who)
	x.Digest, x.Body, x.Limits, x.Window, x.Expires = p.Digest, p.Body, p.Limits, p.Window, p.Expires
	if p.Body.Member != nil {
		x.Body.Member = CommitTo(x, *p.Body.Member, p.Address)
	}
	return x
}

// CommitTo adds to what a member's statement says the e-mail address that they are told at, as a commitment bound to the statement's nonce.
func CommitTo(x *approval.Statement, body approval.MemberBody, address string) *approval.MemberBody {
	if address != "" {
		body.Channel, body.Address = "email", approval.Commit(x.Nonce, address)
	}
	return &body
}

// Setting is what proposals need of the courier's configuration.
type Setting struct {
	SMSSender func(store.PracticeID) string      // "" or nil: the practice sends no text messages
	Limits    func(active int64) approval.Limits // instead of what package budget suggests; nil in a real root
	Keeper    *vault.Keeper                      // opens letters, and where they go; nil: no letters are proposed
}

// List lists what is not in force as the practice's rows say it now, and is not waiting for another signature either: members' addresses, sender,
// hosts, limits, details, then wordings, rules, bulk messages, what programs may send, and letters.
func List(ctx context.Context, tx *store.Tx, s *approval.State, setting Setting) ([]Proposal, error) {
	l := lister{tx: tx, state: s, setting: setting, pending: map[pendingKey]bool{}}
	for _, p := range s.Waiting(tx.Now) {
		l.pending[pendingKey{p.Statement.Kind, p.Statement.Subject, p.Statement.Digest}] = true
	}
	if err := l.members(ctx); err != nil {
		return nil, err
	}
	versions, contents, err := l.versions(ctx)
	if err != nil {
		return nil, err
	}
	l.senders(contents, setting)
	l.hosts(contents)
	if err := l.limits(ctx); err != nil {
		return nil, err
	}
	if err := l.directory(ctx); err != nil {
		return nil, err
	}
	if err := l.wordings(ctx, versions, contents); err != nil {
		return nil, err
	}
	if err := l.rules(ctx, contents); err != nil {
		return nil, err
	}
	if err := l.orders(ctx); err != nil {
		return nil, err
	}
	if err := l.grants(ctx); err != nil {
		return nil, err
	}
	if err := l.letters(ctx); err != nil {
		return nil, err
	}
	return l.out, nil
}

type pendingKey struct {
	kind    approval.Kind
	subject string
	digest  approval.Digest
}

type lister struct {
	tx      *store.Tx
	state   *approval.State
	setting Setting
	pending map[pendingKey]bool
	out     []Proposal
}

// version is a wording's current version, read.
type version struct {
	*wording.Version
	id     template.ID
	digest approval.Digest
	raw    []byte
}

func (l *lister) versions(ctx context.Context) (map[template.ID]template.Version, map[template.ID]version, error) {
	current, err := template.CurrentVersions(ctx, l.tx)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]template.VersionID, 0, len(current))
	for _, v := range current {
		ids = append(ids, v.ID)
	}
	raw, err := template.Content(ctx, l.tx, ids)
	if err != nil {
		return nil, nil, err
	}
	out := make(map[template.ID]version, len(current))
	for id, v := range current {
		read, digest, err := wording.DecodeCanonical(raw[v.ID])
		if err != nil || digest.String() != v.Digest {
			continue // damaged: it cannot be signed, and the courier holds what names it
		}
		out[id] = version{read, id, approval.Digest(digest), raw[v.ID]}
	}
	return current, out, nil
}

func inOrder(of map[template.ID]version) []template.ID { return slices.Sorted(maps.Keys(of)) }

// propose adds a proposal, unless what it says is in force or waits for another's signature.
func (l *lister) propose(p Proposal, inForce bool) {
	if !inForce && !l.pending[pendingKey{p.Kind, p.Subject, p.Digest}] {
		l.out = append(l.out, p)
	}
}

// members proposes the address of each member who signs, where no statement commits to the one that the team list has: notices and samples go to a
// signed address alone. Before the first entry that is whoever is about to sign it.
func (l *lister) members(ctx context.Context) error {
	team, err := guard.Members(ctx, l.tx)
	if err != nil {
		return err
	}
	signs := l.state.Members()
	if l.state.Head().Position == 0 && l.tx.Actor.Member != "" {
		signs = []store.MemberID{l.tx.Actor.Member}
	}
	for _, m := range team {
		if m.Email == "" || !slices.Contains(signs, m.ID) {
			continue
		}
		body := approval.MemberBody{Role: approval.Owner}
		if l.state.Head().Position > 0 {
			body.Role = l.state.Role(m.ID)
		}
		if body.Role == "" { // a key alone: the statement that gives them a role names their address too
			continue
		}
		known, err := l.state.Current(approval.KindMember, string(m.ID), l.tx.Now)
		same := false
		if err == nil {
			signed := known.Statement
			body.Alone = signed.Body.Member.Alone
			same = signed.Body.Member.Address == approval.Commit(signed.Nonce, m.Email) || signed.Body.Member.Channel == "sms"
		}
		l.propose(Proposal{Kind: approval.KindMember, Subject: string(m.ID), Title: cmp.Or(m.Name, "A team member") + " is told at " + m.Email, Address: m.Email,
			Body: approval.Body{Member: &body}}, same)
	}
	return nil
}

func (l *lister) senders(of map[template.ID]version, setting Setting) {
	for _, id := range inOrder(of) {
		from := of[id].Sender
		address := from.Local + "@" + from.Domain
		known, err := l.state.Current(approval.KindSender, "email", l.tx.Now)
		same := err == nil && known.Statement.Body.Sender.Address == address && known.Statement.Body.Sender.Name == from.Name
		l.propose(Proposal{Kind: approval.KindSender, Subject: "email", Title: fmt.Sprintf("E-mail comes from %s <%s>", from.Name, address),
			Body: approval.Body{Sender: &approval.SenderBody{Address: address, Channel: "email", Name: from.Name}}}, same)
		break // all wordings of a practice have one sender; a version with another waits until it is that one
	}
	if setting.SMSSender == nil || setting.SMSSender(l.tx.Practice) == "" {
		return
	}
	sender := setting.SMSSender(l.tx.Practice)
	known, err := l.state.Current(approval.KindSender, "sms", l.tx.Now)
	l.propose(Proposal{Kind: approval.KindSender, Subject: "sms", Title: "Text messages come from " + sender,
		Body: approval.Body{Sender: &approval.SenderBody{Address: sender, Channel: "sms"}}}, err == nil && known.Statement.Body.Sender.Address == sender)
}

func (l *lister) hosts(of map[template.ID]version) {
	listed := []string{}
	for _, v := range of {
		listed = append(listed, v.Hosts...)
	}
	slices.Sort(listed)
	listed = slices.Compact(listed)
	known, err := l.state.Current(approval.KindHosts, "hosts", l.tx.Now)
	if err == nil {
		// What was signed stays: taking a host away is a decision of its own.
		missing := slices.ContainsFunc(listed, func(h string) bool { return !slices.Contains(known.Statement.Body.Hosts.Hosts, h) })
		if !missing {
			return
		}
		listed = append(listed, known.Statement.Body.Hosts.Hosts...)
		slices.Sort(listed)
		listed = slices.Compact(listed)
	}
	title := "Links lead nowhere outside"
	if len(listed) > 0 {
		title = "Links may lead to " + strings.Join(listed, ", ")
	}
	l.propose(Proposal{Kind: approval.KindHosts, Subject: "hosts", Title: title, Body: approval.Body{Hosts: &approval.HostsBody{Hosts: listed}}}, false)
}

// limits proposes caps from how many clients there are and how much falls due on the busiest day, and higher ones once those are too low.
func (l *lister) limits(ctx context.Context) error {
	active, err := client.CountActive(ctx, l.tx)
	if err != nil {
		return err
	}
	busiest, err := plan.Busiest(ctx, l.tx)
	if err != nil {
		return err
	}
	caps := budget.Suggest(active, busiest)
	if l.setting.Limits != nil {
		caps = l.setting.Limits(active)
	}
	enough := false
	if known, err := l.state.Current(approval.KindLimits, "limits", l.tx.Now); err == nil {
		enough = known.Statement.Limits.Day >= caps.Day && known.Statement.Limits.NewDay >= caps.NewDay
	}
	l.propose(Proposal{Kind: approval.KindLimits, Subject: "limits", Limits: &caps,
		Title: fmt.Sprintf("At most %d messages a day, %d to one address, %d to addresses never written to before", caps.Day, caps.RecipientDay, caps.NewDay)}, enough)
	return nil
}

func (l *lister) directory(ctx context.Context) error {
	d, _, err := practice.Directory(ctx, l.tx)
	if err != nil {
		return err
	}
	if err := d.Check(); err != nil {
		return err
	}
	content, err := d.Canonical()
	if err != nil {
		return err
	}
	digest := approval.Digest(sha256.Sum256(content))
	known, err := l.state.Current(approval.KindDirectory, "directory", l.tx.Now)
	l.propose(Proposal{Kind: approval.KindDirectory, Subject: "directory", Title: "Names, places and numbers of the practice", Digest: digest, Content: content},
		err == nil && known.Statement.Digest == digest)
	return nil
}

func (l *lister) wordings(ctx context.Context, current map[template.ID]template.Version, of map[template.ID]version) error {
	all, err := template.List(ctx, l.tx)
	if err != nil {
		return err
	}
	for _, w := range all {
		v, ok := of[w.ID]
		if !ok {
			continue
		}
		known, err := l.state.Current(approval.KindWording, string(w.ID), l.tx.Now)
		l.propose(Proposal{Kind: approval.KindWording, Subject: string(w.ID), Title: fmt.Sprintf("%s, version %d", w.Name, current[w.ID].Number), Digest: v.digest, Content: v.raw,
			Body: approval.Body{Wording: &approval.WordingBody{Purpose: purpose(v.Version)}}}, err == nil && known.Statement.Digest == v.digest)
	}
	return nil
}

func (l *lister) rules(ctx context.Context, of map[template.ID]version) error {
	all, err := plan.Rules(ctx, l.tx)
	if err != nil {
		return err
	}
	for i := range all {
		r := &all[i]
		v, ok := of[template.ID(r.Wording)]
		if !r.Enabled || !ok {
			continue
		}
		content, err := r.Canonical()
		if err != nil {
			return err
		}
		sum, err := r.Digest()
		if err != nil {
			return err
		}
		known, err := l.state.Current(approval.KindRule, r.Key, l.tx.Now)
		l.propose(Proposal{Kind: approval.KindRule, Subject: r.Key, Title: r.Name, Digest: approval.Digest(sum), Content: content,
			Body: approval.Body{Rule: &approval.RuleBody{Channel: r.Channel, Purpose: purpose(v.Version), Wording: r.Wording}}}, err == nil && known.Statement.Digest == approval.Digest(sum))
	}
	return nil
}

// orders are the bulk messages whose recipients are fixed. One that is signed, or was withdrawn, is not asked for again.
func (l *lister) orders(ctx context.Context) error {
	all, err := order.Waiting(ctx, l.tx)
	if err != nil || len(all) == 0 {
		return err
	}
	ids := make([]template.VersionID, len(all))
	for i := range all {
		ids[i] = all[i].Version
	}
	contents, err := template.Content(ctx, l.tx, ids)
	if err != nil {
		return err
	}
	for i := range all {
		o := &all[i]
		digest, err := approval.ParseDigest(o.Digest)
		if err != nil {
			continue // damaged: it cannot be signed
		}
		_, err = l.state.Allows(approval.KindOrder, string(o.ID), digest, l.tx.Now)
		l.propose(Proposal{Kind: approval.KindOrder, Subject: string(o.ID), Title: fmt.Sprintf("%s, to %d recipients", o.Name, o.Recipients), Digest: digest, Content: contents[o.Version],
			Body: approval.Body{Order: o.Body()}, Limits: o.Limits(), Window: o.Window()}, approval.ReasonOf(err) != approval.Unsigned)
	}
	return nil
}

func purpose(v *wording.Version) string {
	if v.Purpose == wording.Marketing {
		return "marketing"
	}
	return "appointments"
}

// ErrChangedMeanwhile is returned where the practice's details are not any more what was shown and signed.
var ErrChangedMeanwhile = fault.New(fault.Conflict, "sign.changed", "somebody changed the practice's details since they were shown; look at them again")

// Signed notes in the practice's rows what an entry that was just appended is about: rules send the signed version of a wording, the practice's
// details are kept under their digest, and a letter becomes a message. For whoever appends, in the same transaction. The courier does not believe it.
func Signed(ctx context.Context, tx *store.Tx, statements []*approval.Statement) error {
	for _, x := range statements {
		if x.Kind == approval.KindDirectory {
			digest, _, err := practice.KeepDirectory(ctx, tx)
			if err != nil {
				return err
			}
			if digest != hex.EncodeToString(x.Digest[:]) {
				return ErrChangedMeanwhile
			}
		}
		if x.Kind == approval.KindLetter {
			if err := letter.Sign(ctx, tx, x); err != nil {
				return err
			}
		}
		if x.Kind == approval.KindWording {
			if err := template.Signed(ctx, tx, template.ID(x.Subject), hex.EncodeToString(x.Digest[:])); err != nil {
				return err
			}
		}
	}
	return grant.Signed(ctx, tx, statements)
}
