// Package signed asks a practice's chain what its people signed of a message, on every path: rule, order, letter and reply, grant, sample, and what
// Letterhead itself says to its members. It is pure, and part of the courier's gate.
//
// Promises: what is not signed, withdrawn, superseded, expired, of another purpose, channel, sender, link, recipient or credential is an answer with its
// reason and never lets a message go. A sample goes only where a member's signed statement says that they are reached; what Letterhead says is
// compiled into the program, and goes to the address that the member signed for, where there is one.
package signed

import (
	"crypto/sha256"
	"time"

	"letterhead/approval"
	"letterhead/approval/audience"
	"letterhead/courier/budget"
	"letterhead/message"
	"letterhead/store"
	"letterhead/wording"
)

// Path is all that a message's approval depends on, but for its recipient: see Answer.Fits.
type Path struct {
	Kind    message.Kind
	Channel message.Channel
	Purpose message.Purpose
	Subject string         // the rule's key; the id of the order, letter or grant; of a sample the member's
	Content [32]byte       // of a rule: digest of its content as it stands
	Digest  string         // of the wording's version, hex
	From    wording.Sender // the version's
}

// Carried is what the message carries and the courier says of it.
type Carried struct {
	Hosts     []string // of its links
	SMSSender string   // that the gateway gives the practice; "" where there is no gateway
	System    bool     // the version is compiled into the program
}

// Recipient is whom a message goes to.
type Recipient struct {
	Client, ID string // ID is a contact's where it is not the client
	Address    string
	Index      string // keyed blind index of the address
	Place      int64  // in the order's audience
	Proof      []audience.Hash
}

// Answer is what signatures say. Its zero value is what nobody asked for: nothing.
type Answer struct {
	OK     bool
	Reason string // why not, in package approval's words, for a step's detail

	Sender    approval.SenderBody
	Directory approval.Digest   // of the practice's own texts; zero of System messages, which carry none
	By        []budget.Approval // the statements that it is charged to
	Own       bool              // it is no part of the practice's daily budget: two keys signed its cap, or it is Letterhead's own

	// By what it can be stopped; the last four are of what members or programs let go, never of rules.
	Wording    string // its id
	Subject    string // the order's or letter's id
	Grant      string
	Credential string
	Members    []store.MemberID

	Signers, HostSigners int // keys that signed what lets it go, and the list of hosts: for the breaker

	path   Path
	order  *approval.OrderBody
	letter *approval.LetterBody
	member *approval.Standing
}

// Ask asks for everything that a message of a path carries. Of Letterhead's own messages nothing is asked of the chain, which may be nil: they must
// reach people also where it does not hold.
func Ask(s *approval.State, at Path, c Carried, now time.Time) *Answer {
	a := &Answer{path: at}
	if reason := a.ask(s, c, now); reason != "" {
		return &Answer{Reason: reason, path: at}
	}
	a.OK = true
	return a
}

func (a *Answer) ask(s *approval.State, c Carried, now time.Time) (reason string) {
	if a.path.Kind == message.System {
		if !c.System {
			return "not the program's own words"
		}
		a.Own = true
		if s != nil {
			a.member, _ = s.Current(approval.KindMember, a.path.Subject, now)
		}
		a.By = []budget.Approval{{Digest: systemDigest, Limits: &approval.Limits{Day: SystemDay}, Waiting: 1, Own: true}}
		return ""
	}
	if reason := a.words(s, now); reason != "" {
		return reason
	}
	if reason := a.carries(s, c, now); reason != "" {
		return reason
	}
	directory, err := s.Current(approval.KindDirectory, "directory", now)
	if err != nil {
		return why("directory", err)
	}
	a.Directory = directory.Statement.Digest
	return ""
}

// soMany makes the first cohort of samples as large as a cohort gets: members see them themselves.
const soMany = 1000

// SystemDay bounds how many messages of its own Letterhead sends in the name of nobody to a practice's members in a day.
const SystemDay = 110

// SampleDay bounds how many samples a member gets in a day.
const SampleDay = 50

var systemDigest = approval.Digest(sha256.Sum256([]byte("letterhead system messages v1")))

func why(what string, err error) string { return what + " " + string(approval.ReasonOf(err)) }

// words asks who let these words go on this path.
func (a *Answer) words(s *approval.State, now time.Time) string {
	at := a.path
	digest, err := approval.ParseDigest(at.Digest)
	if err != nil {
		return why("wording", err)
	}
	wordingID := ""
	var by *approval.Standing
	switch at.Kind {
	case message.Rule:
		if by, err = s.Allows(approval.KindRule, at.Subject, at.Content, now); err == nil {
			b := by.Statement.Body.Rule
			wordingID, err = b.Wording, at.same(approval.KindRule, b.Purpose == string(at.Purpose) && (b.Channel == string(at.Channel) || b.Channel == "preference"))
		}
	case message.Order:
		if by, err = s.Allows(approval.KindOrder, at.Subject, digest, now); err == nil {
			a.order, a.Subject = by.Statement.Body.Order, at.Subject
			a.people(by)
			a.Own = len(a.Members) > 1
			wordingID, err = a.order.Wording, at.same(approval.KindOrder, a.order.Purpose == string(at.Purpose) && a.order.Channel == string(at.Channel))
		}
	case message.Grant:
		if by, err = s.Allows(approval.KindGrant, at.Subject, digest, now); err == nil {
			b := by.Statement.Body.Grant
			a.Grant, a.Credential = at.Subject, b.Credential
			wordingID, err = b.Wording, at.same(approval.KindGrant, b.Purpose == string(at.Purpose))
		}
	case message.Letter, message.Reply:
		if by, err = s.Allows(approval.KindLetter, at.Subject, digest, now); err == nil {
			a.letter, a.Subject = by.Statement.Body.Letter, at.Subject
			a.people(by)
			err = at.same(approval.KindLetter, a.letter.Channel == string(at.Channel) && at.Purpose == message.Appointments)
		}
	case message.Test:
		a.Members, a.Own = []store.MemberID{store.MemberID(at.Subject)}, true
		if a.member, err = s.Current(approval.KindMember, at.Subject, now); err == nil {
			a.By = []budget.Approval{{Digest: a.member.Digest, Limits: &approval.Limits{Day: SampleDay}, Waiting: soMany}}
		}
	default:
		err = &approval.Refused{Reason: approval.Unsigned}
	}
	if err != nil {
		return why(string(at.Kind), err)
	}
	if by != nil {
		a.By, a.Signers = append(a.By, charge(by)), len(by.Signers)
	}
	if at.Kind != message.Rule && at.Kind != message.Order && at.Kind != message.Grant {
		return ""
	}
	return a.version(s, wordingID, digest, now)
}

// version asks for the wording's own approval: of what was let go, by name.
func (a *Answer) version(s *approval.State, id string, digest approval.Digest, now time.Time) string {
	words, err := s.Allows(approval.KindWording, id, digest, now)
	if err != nil {
		return why("wording", err)
	}
	if words.Statement.Body.Wording.Purpose != string(a.path.Purpose) {
		return "wording signed for another purpose"
	}
	a.Wording, a.By = id, append(a.By, charge(words))
	if a.path.Kind == message.Rule {
		a.Signers = min(a.Signers, len(words.Signers))
	}
	return ""
}

// carries asks for the sender and the links.
func (a *Answer) carries(s *approval.State, c Carried, now time.Time) string {
	sender, err := s.Current(approval.KindSender, string(a.path.Channel), now)
	if err != nil {
		return why("sender", err)
	}
	a.Sender = *sender.Statement.Body.Sender
	from := a.path.From
	if a.path.Channel == message.Email && (a.Sender.Address != from.Local+"@"+from.Domain || a.Sender.Name != from.Name) {
		return "sender unsigned"
	}
	if a.path.Channel == message.SMS && c.SMSSender != "" && a.Sender.Address != c.SMSSender {
		return "sender unsigned"
	}
	if a.path.Kind == message.Test {
		return "" // a member sees what is not signed yet, its links too
	}
	if hosts, err := s.Current(approval.KindHosts, "hosts", now); err == nil {
		a.HostSigners = len(hosts.Signers)
	}
	for _, host := range c.Hosts {
		if err := s.Host(host, now); err != nil {
			return why("host", err)
		}
	}
	return ""
}

// Fits says why the recipient is not whom the people signed for; "" when they are.
func (a *Answer) Fits(r Recipient) string {
	switch a.path.Kind {
	case message.Order:
		to := audience.Recipient{Client: r.ID, Channel: string(a.path.Channel), Index: r.Index}
		if !audience.Verify(audience.Hash(a.order.Root), a.order.Count, to, r.Place, r.Proof) {
			return "order recipient unsigned"
		}
	case message.Letter, message.Reply:
		if a.letter.Client != r.Client || a.letter.Recipient != r.Index {
			return "letter recipient unsigned"
		}
	case message.System:
		return a.told(r)
	case message.Test:
		m := a.member.Statement
		if r.ID != m.Subject || m.Body.Member.Channel != string(a.path.Channel) || approval.Commit(m.Nonce, r.Address) != m.Body.Member.Address {
			return "member address unsigned"
		}
	}
	return ""
}

// Statements are the digests of the statement that lets the message go and of the one on its wording, zero where the path has none.
func (a *Answer) Statements() (goes, words approval.Digest) {
	if a.path.Kind == message.Test || a.path.Kind == message.System {
		return goes, words
	}
	if len(a.By) > 0 {
		goes = a.By[0].Digest
	}
	if len(a.By) > 1 {
		words = a.By[1].Digest
	}
	return goes, words
}

// told holds where a member is told something against what they signed. Who signed for no e-mail address is told at the one that the team list has;
// a text message goes to a signed number alone.
func (a *Answer) told(r Recipient) string {
	channel := string(a.path.Channel)
	if a.member == nil || a.member.Statement.Body.Member.Channel != channel {
		if a.path.Channel == message.SMS {
			return "member address unsigned"
		}
		return ""
	}
	if m := a.member.Statement; m.Subject != r.ID || approval.Commit(m.Nonce, r.Address) != m.Body.Member.Address {
		return "member address unsigned"
	}
	return ""
}

// same is an error where what was signed is on something else than the message.
func (at Path) same(kind approval.Kind, is bool) error {
	if is {
		return nil
	}
	return &approval.Refused{Reason: approval.Unsigned, Kind: kind, Subject: at.Subject}
}

func (a *Answer) people(by *approval.Standing) {
	for _, g := range by.Signers {
		a.Members = append(a.Members, g.Member)
	}
}

// charge is a statement as the budgets count it.
func charge(s *approval.Standing) budget.Approval {
	return budget.Approval{Digest: s.Digest, Limits: s.Statement.Limits, Once: s.Statement.Kind == approval.KindLetter, Until: s.Until, Waiting: 1}
}

// Use is a message as the budgets count it.
func (a *Answer) Use(u budget.Use) budget.Use {
	u.Own, u.Credential = a.Own, a.Credential
	if len(a.Members) > 0 {
		u.Member = string(a.Members[0])
	}
	u.Approvals = make([]budget.Approval, len(a.By))
	copy(u.Approvals, a.By)
	return u
}

// Budgets is what the practice signed about quantities.
func Budgets(s *approval.State, now time.Time) *budget.Budgets {
	out := &budget.Budgets{}
	if limits, err := s.Current(approval.KindLimits, "limits", now); err == nil {
		out.Limits, out.Digest = limits.Statement.Limits, limits.Digest
	}
	permit := func(p *approval.Standing) budget.Permit {
		out := budget.Permit{Digest: p.Digest, Limits: *p.Statement.Limits, From: p.From, Until: p.Until}
		if w := p.Statement.Window; w != nil && w.From.Time().After(out.From) {
			out.From = w.From.Time()
		}
		return out
	}
	for _, p := range s.All(approval.KindSurge, now) {
		out.Surges = append(out.Surges, permit(p))
	}
	for _, p := range s.All(approval.KindImport, now) {
		allowance := permit(p)
		allowance.Limits.Total = p.Statement.Body.Import.Addresses
		out.Import = append(out.Import, allowance)
	}
	return out
}
