package sign

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/practice"
	"letterhead/sign/proposal"
	"letterhead/sign/show"
	"letterhead/store"
	"letterhead/template"
	"letterhead/wording"
)

// item is one thing on the list.
type item struct {
	ID        string // names what is signed; another content is another item
	Statement *approval.Statement
	Content   []byte
	Title     string
	Need      approval.Need
	Signed    []string // names of who has
	Fixed     bool     // belongs to the first touch
	Candidate string   // id of the invitation that it comes from
	Address   string   // that a member's statement commits to

	Kind    string
	Facts   []show.Fact
	Wording *show.Wording
	Changes []show.Change // of a template since the version in force
	Blocked string        // why it cannot be signed
}

// listing is what waits, as one visit sees it.
type listing struct {
	Items   []*item
	Others  []waiting // signed by this member, or not theirs to sign
	Stops   []string
	Behind  bool
	Members []store.MemberID // who hold keys
}

// waiting is what waits for somebody or something else.
type waiting struct {
	Title, Why string
	Signed     []string
	Digest     string
	Mine       bool // this member may withdraw it
}

// composed is a statement that somebody put on the list of their own visit.
type composed struct {
	kind     approval.Kind
	subject  string
	recovery bool        // enrols the key of the visit's recovery sheet
	facts    []show.Fact // that do not stand in it
	address  string      // that it commits to
	fill     func(*approval.Statement)
}

// list makes the list. shown has everything put into words and rendered as well, for a page.
func (d *desk) list(ctx context.Context, tx *store.Tx, v *visit, s *approval.State) (*listing, error) {
	l := &listing{Members: s.Members(), Behind: s.Behind() != nil}
	w, err := d.words(ctx, tx, v, s)
	if err != nil {
		return nil, err
	}
	b := &builder{desk: d, ctx: ctx, tx: tx, visit: v, state: s, words: w, list: l, contents: map[approval.Digest][]byte{}}
	if l.Behind {
		b.resume()
		for _, i := range l.Items {
			b.show(i)
		}
		return l, nil
	}
	b.founding()
	if err := b.candidates(); err != nil {
		return nil, err
	}
	for _, c := range v.session.drafts() {
		x := s.Draft(c.kind, c.subject, v.session.member)
		c.fill(x)
		b.add(&item{Statement: x, Facts: c.facts, Address: c.address})
	}
	if err := b.proposals(); err != nil {
		return nil, err
	}
	b.pending()
	for _, i := range l.Items {
		b.show(i)
	}
	stops, err := message.Frozen(ctx, tx)
	for _, stop := range stops {
		l.Stops = append(l.Stops, "Sending is stopped since "+show.Moment(stop.At, v.zone)+": "+stop.Reason)
	}
	return l, err
}

func (d *desk) words(ctx context.Context, tx *store.Tx, v *visit, s *approval.State) (show.Words, error) {
	wordings, err := template.List(ctx, tx)
	if err != nil {
		return show.Words{}, err
	}
	names := map[string]string{}
	for _, each := range wordings {
		names[string(each.ID)] = each.Name
	}
	things, err := proposal.Things(ctx, tx)
	if err != nil {
		return show.Words{}, err
	}
	w := show.Words{Self: v.session.member, Zone: v.zone, Member: v.name, Wording: func(subject string) string { return cmp.Or(names[subject], "a template that is not there any more") }}
	w.Thing = func(id string) string { return cmp.Or(things[id], id) }
	w.Of = func(digest approval.Digest) string {
		for _, kind := range kinds {
			for _, standing := range s.All(kind, tx.Now) {
				if standing.Digest == digest {
					return named(standing.Statement, w)
				}
			}
		}
		for _, p := range s.Waiting(tx.Now) {
			if p.Digest == digest {
				return named(p.Statement, w)
			}
		}
		return "something that is over already"
	}
	return w, nil
}

// named is a statement in a line: its kind, and what it is about where that says more.
func named(x *approval.Statement, w show.Words) string {
	kind, title := show.Kind(x.Kind), show.Title(x, w)
	if title == kind {
		return kind
	}
	return kind + ": " + title
}

// kinds are those that can be withdrawn, in the order of lists.
var kinds = []approval.Kind{
	approval.KindWording, approval.KindRule, approval.KindOrder, approval.KindLetter, approval.KindSender, approval.KindDirectory, approval.KindHosts, approval.KindLimits,
	approval.KindSurge, approval.KindGrant, approval.KindImport,
}

// builder puts a list together within one transaction.
type builder struct {
	desk     *desk
	ctx      context.Context
	tx       *store.Tx
	visit    *visit
	state    *approval.State
	words    show.Words
	list     *listing
	contents map[approval.Digest][]byte
	book     *show.Directory
}

func toldAt(address string) show.Fact { return show.Fact{Name: "Told at", Value: []string{address}} }

func (b *builder) add(i *item) {
	if i.ID = show.Name(i.Statement, i.Address); i.Address != "" {
		i.Facts = append(i.Facts, toldAt(i.Address))
	}
	if slices.ContainsFunc(b.list.Items, func(other *item) bool {
		return other.Statement.Kind == i.Statement.Kind && other.Statement.Subject == i.Statement.Subject
	}) {
		return // a sheet holds one statement on a subject
	}
	member := b.visit.session.member
	if b.visit.session.founding != nil {
		i.Need = foundingNeed(i.Statement)
	} else {
		i.Need = b.state.Needs(i.Statement, member)
	}
	if !i.Need.May && i.Blocked == "" {
		i.Blocked = "Your role may not sign this."
	}
	if err := i.Statement.Check(); err != nil && i.Blocked == "" { // else it would stand in the way of all that is signed with it
		var refused *approval.Refused
		if errors.As(err, &refused) {
			err = refused.Err
		}
		i.Blocked = "This cannot be signed as it is: " + fault.As(err).Say + "."
	}
	b.list.Items = append(b.list.Items, i)
}

// foundingNeed is what a statement takes in the very first entry, where there are no roles yet.
func foundingNeed(x *approval.Statement) approval.Need {
	n := approval.Need{May: true}
	switch x.Kind {
	case approval.KindSender, approval.KindHosts, approval.KindLimits, approval.KindOrder, approval.KindSurge:
		n.Wait = approval.AloneWait
	}
	return n
}

// founding puts the first key and its recovery sheet first.
func (b *builder) founding() {
	s, f := b.visit.session, b.visit.session.founding
	if f == nil {
		return
	}
	x := b.state.Draft(approval.KindKey, s.key, s.member)
	x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: s.member, PublicKey: f.publicKey, Proof: f.proof}
	b.add(&item{Statement: x, Fixed: true})
	b.add(&item{Statement: recoveryKey(b.state, s.member, f.recovery), Fixed: true})
}

func recoveryKey(s *approval.State, member store.MemberID, paper approval.RecoverySheet) *approval.Statement {
	x := s.Draft(approval.KindKey, approval.RecoverySubject(paper.PublicKey()), member)
	x.Body.Key = &approval.KeyBody{Action: approval.Recovery, Member: member, PublicKey: paper.PublicKey(), Proof: approval.Bytes{}}
	return x
}

// candidates are the keys that invited members made.
func (b *builder) candidates() error {
	all, err := b.desk.waits.List(b.visit.practice(), b.tx.Now)
	if err != nil || b.visit.session.founding != nil {
		return err
	}
	for _, c := range all {
		if c.Key == "" || b.known(approval.KindKey, c.Key) {
			continue
		}
		if b.state.Role(c.Member) != c.Role && !b.waits(approval.KindMember, string(c.Member)) {
			x := b.state.Draft(approval.KindMember, string(c.Member), b.visit.session.member)
			address := b.visit.email(c.Member)
			x.Body.Member = proposal.CommitTo(x, approval.MemberBody{Role: c.Role}, address)
			b.add(&item{Statement: x, Candidate: c.ID, Address: address})
		}
		x := b.state.Draft(approval.KindKey, c.Key, b.visit.session.member)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: c.Member, PublicKey: c.PublicKey, Proof: approval.Bytes{}}
		b.add(&item{Statement: x, Candidate: c.ID})
	}
	return nil
}

// resume offers what a chain that is behind the journal can still say: that it goes on without what was lost.
func (b *builder) resume() {
	member := b.visit.session.member
	lost, _ := b.state.Pinned()
	for _, p := range b.state.Waiting(b.tx.Now) {
		if p.Statement.Kind == approval.KindResume && p.Statement.Body.Resume.Lost == lost && p.Reason == approval.NeedsSecond {
			if !slices.ContainsFunc(p.Signers, func(g approval.Signer) bool { return g.Member == member }) {
				b.add(&item{Statement: p.Statement, Signed: b.signers(p)})
			}
			return
		}
	}
	x := b.state.Draft(approval.KindResume, "chain", member)
	x.Body.Resume = &approval.ResumeBody{From: b.state.Head(), Lost: lost}
	b.add(&item{Statement: x})
}

func (b *builder) signers(p approval.Pending) []string {
	var out []string
	for _, g := range p.Signers {
		out = append(out, b.visit.name(g.Member))
	}
	return out
}

// known tells whether a key is in the chain, pending or not.
func (b *builder) known(kind approval.Kind, subject string) bool {
	return slices.ContainsFunc(b.state.Keys(), func(k approval.Key) bool { return k.Subject == subject }) || b.waits(kind, subject)
}

func (b *builder) waits(kind approval.Kind, subject string) bool {
	return slices.ContainsFunc(b.state.Waiting(b.tx.Now), func(p approval.Pending) bool { return p.Statement.Kind == kind && p.Statement.Subject == subject })
}

// proposals are what the rows want signed, unless the very same is signed and waits.
func (b *builder) proposals() error {
	if b.desk.Proposals == nil {
		return nil
	}
	all, err := b.desk.Proposals(b.ctx, b.tx, b.state)
	if err != nil {
		return fmt.Errorf("read what is to be signed: %w", err)
	}
	pending := b.state.Waiting(b.tx.Now)
	for _, p := range all {
		x := p.Statement(b.state, b.visit.session.member)
		if x == nil {
			continue
		}
		if len(p.Content) > 0 {
			b.contents[sha256.Sum256(p.Content)] = p.Content
		}
		if x.Kind == approval.KindDirectory {
			b.book, _ = show.ReadDirectory(p.Content) // what is wrong with it stands at its own item
		}
		if slices.ContainsFunc(pending, func(w approval.Pending) bool { return show.Same(w.Statement, x) }) {
			continue
		}
		b.add(&item{Statement: x, Content: p.Content, Title: p.Title, Facts: p.Facts, Address: p.Address})
	}
	return nil
}

// pending are statements that lack a signature, or something else.
func (b *builder) pending() {
	if b.visit.session.founding != nil {
		return
	}
	member := b.visit.session.member
	for _, p := range b.state.Waiting(b.tx.Now) {
		signed := b.signers(p)
		mine := slices.ContainsFunc(p.Signers, func(g approval.Signer) bool { return g.Member == member })
		need := b.state.Needs(p.Statement, member)
		if p.Reason == approval.NeedsSecond && !mine && need.May {
			b.add(&item{Statement: p.Statement, Signed: signed})
			continue
		}
		b.list.Others = append(b.list.Others, waiting{
			Title: named(p.Statement, b.words), Why: show.Why(p.Reason, p.Until, b.visit.zone, need.Owner),
			Signed: signed, Digest: p.Digest.String(), Mine: slices.Contains(kinds, p.Statement.Kind),
		})
	}
}

var errContent = errors.New("what would be signed is not what is here")

// show puts an item into words and, where it has a wording, renders it. What cannot be shown cannot be signed.
func (b *builder) show(i *item) {
	x := i.Statement
	i.Kind = show.Kind(x.Kind)
	if i.Title == "" {
		i.Title = show.Title(x, b.words)
	}
	more := i.Facts
	i.Facts = show.Facts(x, b.words)
	if before, err := b.state.Current(x.Kind, x.Subject, b.tx.Now); err == nil {
		i.Facts = show.Changed(i.Facts, show.Facts(before.Statement, b.words))
	}
	i.Facts = append(i.Facts, more...)
	if err := b.showContent(i); err != nil && i.Blocked == "" {
		i.Blocked = "This cannot be shown, so it cannot be signed: " + err.Error() + "."
	}
}

func (b *builder) showContent(i *item) (err error) {
	x := i.Statement
	if x.Digest == (approval.Digest{}) {
		return nil
	}
	if i.Content == nil {
		if i.Content, err = b.content(x); err != nil {
			return err
		}
	}
	if sha256.Sum256(i.Content) != x.Digest {
		return errContent
	}
	switch x.Kind {
	case approval.KindWording, approval.KindOrder, approval.KindGrant, approval.KindLetter:
		pictures, err := b.pictures(i.Content)
		if err != nil {
			return err
		}
		if i.Wording, err = show.Read(i.Content, b.book, pictures); err != nil {
			return err
		}
		switch x.Kind { //nolint:exhaustive // of a grant there is no more to say
		case approval.KindLetter:
			i.Wording.Letter(x.Body.Letter.Channel)
		case approval.KindWording:
			i.Changes = b.changes(i)
		case approval.KindOrder:
			return b.showOrder(i)
		}
		return nil
	case approval.KindDirectory:
		book, err := show.ReadDirectory(i.Content)
		if err != nil {
			return err
		}
		i.Facts = append(i.Facts, book.Facts()...)
	case approval.KindRule:
		said, err := show.Rule(i.Content, b.words)
		if err != nil {
			return err
		}
		i.Facts = append(said, show.Fact{Name: "Purpose", Value: []string{x.Body.Rule.Purpose}})
		if x.Body.Rule.Wording == "" || !bytes.Contains(i.Content, []byte(`"`+x.Body.Rule.Wording+`"`)) {
			return errContent
		}
	default:
		i.Facts = append(i.Facts, show.Members(i.Content)...)
	}
	return nil
}

// changes compares a template with the version in force; nil where there is none, or it cannot be read any more.
func (b *builder) changes(i *item) []show.Change {
	before, err := b.state.Current(i.Statement.Kind, i.Statement.Subject, b.tx.Now)
	if err != nil || before.Statement.Digest == i.Statement.Digest {
		return nil
	}
	content, err := b.content(before.Statement)
	if err != nil || sha256.Sum256(content) != before.Statement.Digest {
		return nil
	}
	pictures, err := b.pictures(content)
	if err != nil {
		return nil
	}
	old, err := show.Read(content, b.book, pictures)
	if err != nil {
		return nil
	}
	return show.Changes(old, i.Wording)
}

// content finds what a digest names, for a statement that waits.
func (b *builder) content(x *approval.Statement) ([]byte, error) {
	if raw, there := b.contents[x.Digest]; there {
		return raw, nil
	}
	subject := x.Subject
	switch {
	case x.Body.Order != nil:
		subject = x.Body.Order.Wording
	case x.Body.Grant != nil:
		subject = x.Body.Grant.Wording
	}
	versions, err := template.Versions(b.ctx, b.tx, template.ID(subject))
	if err != nil {
		return nil, errContent
	}
	for _, version := range versions {
		if version.Digest == x.Digest.String() {
			found, err := template.Content(b.ctx, b.tx, []template.VersionID{version.ID})
			return found[version.ID], err
		}
	}
	return nil, errContent
}

func (b *builder) pictures(content []byte) (map[string][]byte, error) {
	v, err := wording.Decode(content)
	if err != nil || len(v.Images()) == 0 {
		return nil, nil //nolint:nilerr // show.Read says what is wrong with it
	}
	var digests []string
	for _, image := range v.Images() {
		digests = append(digests, image.SHA256)
	}
	return practice.Pictures(b.ctx, b.tx, digests)
}

func (s *session) drafts() []composed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.composed)
}
