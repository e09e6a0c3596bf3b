package key

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"letterhead/approval"
	"letterhead/approval/assertion"
	"letterhead/store"
)

// Chain is a practice's chain with the clock that entries are seen by.
type Chain struct {
	Anchor  approval.Anchor
	State   *approval.State
	Entries []*approval.Entry
	Now     time.Time
}

// Found makes a practice whose first key is an owner's, in a ceremony of one second.
func Found(installation string, practice store.PracticeID, owner store.MemberID, root *Key, now time.Time, more ...func(*Chain) *approval.Statement) (*Chain, error) {
	secret := sha256.Sum256([]byte("a one-time secret of " + string(practice)))
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(root.COSE)
	c := &Chain{Now: now, Anchor: approval.Anchor{
		Installation: installation, Epoch: 1, Practice: practice, Parties: []assertion.Party{root.Party},
		Root: approval.Root{Key: root.Subject(), PublicKey: root.COSE, Proof: mac.Sum(nil)},
	}}
	c.State = approval.NewState(c.Anchor)
	statements := []*approval.Statement{c.Enrol(root, owner, owner)}
	statements[0].Body.Key.Proof = mac.Sum(nil)
	for _, m := range more {
		statements = append(statements, m(c))
	}
	_, err := c.Sign(root, statements...)
	return c, err
}

// Enrol drafts the enrolment of a member's key, to be signed by who.
func (c *Chain) Enrol(k *Key, member, who store.MemberID) *approval.Statement {
	x := c.State.Draft(approval.KindKey, k.Subject(), who)
	x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: member, PublicKey: k.COSE, Proof: approval.Bytes{}}
	return x
}

// Revoke drafts a revocation; since is 0 for one that was not stolen.
func (c *Chain) Revoke(k *Key, member, who store.MemberID, since int64) *approval.Statement {
	x := c.State.Draft(approval.KindKey, k.Subject(), who)
	x.Body.Key = &approval.KeyBody{Action: approval.Revoke, Member: member, PublicKey: approval.Bytes{}, Proof: approval.Bytes{}, Since: since}
	return x
}

// Role drafts a member's role.
func (c *Chain) Role(member store.MemberID, role approval.Role, who store.MemberID) *approval.Statement {
	x := c.State.Draft(approval.KindMember, string(member), who)
	x.Body.Member = &approval.MemberBody{Role: role}
	return x
}

// Sign has a key sign statements and takes the entry in, seen now.
func (c *Chain) Sign(k *Key, statements ...*approval.Statement) (*approval.Entry, error) {
	signing, err := c.State.Prepare(c.Now, statements...)
	if err != nil {
		return nil, err
	}
	return c.Take(signing, k.Sign(signing.Challenge))
}

// Take takes a signed sheet in, seen now.
func (c *Chain) Take(signing *approval.Signing, signature approval.Signature) (*approval.Entry, error) {
	e, err := signing.Entry(c.State.Head(), signature)
	if err != nil {
		return nil, err
	}
	e.Seen = c.Now
	if err := c.State.Try(e); err != nil {
		return nil, err
	}
	if err := c.State.Add(e); err != nil {
		return nil, err
	}
	c.Entries = append(c.Entries, e)
	return e, nil
}

// Pass moves the clock on.
func (c *Chain) Pass(d time.Duration) { c.Now = c.Now.Add(d) }

// Again reads the whole chain anew from its texts, as another process would.
func (c *Chain) Again() (*approval.State, error) {
	entries := make([]*approval.Entry, len(c.Entries))
	for i, e := range c.Entries {
		read, err := approval.ParseEntry(slices.Clone(e.Text))
		if err != nil {
			return nil, err
		}
		read.Seen = e.Seen
		entries[i] = read
	}
	return approval.Fold(c.Anchor, entries)
}
