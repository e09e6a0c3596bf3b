package outside

import (
	"context"
	"crypto/sha256"
	"errors"
	"html"
	"regexp"
	"slices"
	"strings"

	"letterhead/app/source"
	"letterhead/approval"
	"letterhead/courier"
	"letterhead/courier/chain"
	"letterhead/courier/kept"
	"letterhead/incident/book"
	"letterhead/incident/measure"
	"letterhead/ledger"
	"letterhead/ledger/leaf"
	"letterhead/message"
	practices "letterhead/practice"
	"letterhead/public"
	"letterhead/store"
	"letterhead/template"
	"letterhead/vault"
	"letterhead/web/mail"
	"letterhead/wording"
	"letterhead/wording/code"
)

// checks answers whoever asks whether a mail is real.
type checks struct {
	Of
	chains *chain.Chains
	links  public.Links
	codes  message.Codes
	source courier.Source
	portal wording.Portal
}

func (o Of) checks(chains *chain.Chains) (*checks, error) {
	c := &checks{Of: o, chains: chains, links: o.links(chains), codes: message.NewCodes(o.Keeper.Derive(message.CodeUse))}
	var err error
	if c.source, _, err = source.New(o.Keeper, o.Config); err != nil {
		return nil, err
	}
	if o.Config.PublicURL != "" {
		c.portal, err = wording.ParsePortal(o.Config.PublicURL)
	}
	return c, err
}

// Ask tells what is known of the mail with a code. Nothing but the practice, the day and the hosts of links is told of it. An error means that
// nobody can tell now.
func (c *checks) Ask(ctx context.Context, practice store.PracticeID, text code.Code, shown public.Shown) (public.Checked, error) {
	said, _, err := c.ask(ctx, practice, text, shown)
	return said, err
}

// Clinic implements public.Checks.
func (c *checks) Clinic(ctx context.Context, label string) (of public.Clinic, err error) {
	err = c.DB.WholeView(ctx, "the practice of a page of questions", func(w *store.Wide) error {
		p, err := practices.Named(ctx, w, label)
		if err == nil && p.Label != label {
			err = practices.ErrNotFound
		}
		of = public.Clinic{Practice: p.ID, Label: p.Label, Name: p.Name, Accent: p.Accent}
		return err
	})
	return of, err
}

// ask is Ask, with the message that the answer is about.
func (c *checks) ask(ctx context.Context, practice store.PracticeID, text code.Code, shown public.Shown) (best public.Checked, of *message.Message, err error) {
	var found []message.Message
	err = c.DB.WholeView(ctx, "the message of a code", func(w *store.Wide) (err error) {
		found, err = c.codes.Find(ctx, w, text)
		return err
	})
	for i := range found {
		if m := &found[i]; err == nil && left(m) && (practice == "" || m.Practice == practice) {
			var one public.Checked
			if one, err = c.one(ctx, m, text, shown); best.Verdict == public.NotOurs || one.Verdict == public.Genuine {
				best, of = one, m
			}
		}
	}
	if err == nil && of != nil {
		err = c.correct(ctx, of, &best)
	}
	if err != nil {
		return public.Checked{}, nil, err
	}
	return best, of, nil
}

// correct has the answer say that the practice disowned the message, where it did: whatever else is known, nobody is to act on it.
func (c *checks) correct(ctx context.Context, m *message.Message, out *public.Checked) error {
	return c.DB.WholeView(ctx, "what a practice says of a message", func(w *store.Wide) error {
		all, err := book.Corrections(ctx, w, m.Practice)
		for _, incident := range all {
			if err != nil || out.Disowned {
				break
			}
			var of book.Case
			if of, err = book.Find(ctx, w, m.Practice, incident); err == nil {
				out.Disowned, err = measure.Has(ctx, w, of, m)
			}
		}
		if out.Disowned {
			out.Verdict = public.Withdrawn
		}
		return err
	})
}

// left tells of a message that somebody may have.
func left(m *message.Message) bool {
	return m.Channel == message.Email && !slices.Contains([]message.State{message.Queued, message.Held, message.Dropped, message.Refused}, m.State)
}

// asked is a message while it is looked at.
type asked struct {
	*message.Message
	version  *wording.Version
	content  []byte
	pictures map[string][]byte
	compiled *wording.Compiled
	record   *kept.Record  // nil: it was erased
	again    mail.Mail     // the message made again, where that is possible
	older    bool          // it is not: it was laid out in another way than the program does today
	said     *leaf.Message // its leaf, where there is a record
}

func (c *checks) one(ctx context.Context, m *message.Message, text code.Code, shown public.Shown) (out public.Checked, err error) {
	a := asked{Message: m}
	as := store.Actor{Practice: m.Practice, Agent: "check"}
	if err = c.DB.View(ctx, as, func(tx *store.Tx) error { return c.read(ctx, tx, &a) }); err != nil {
		return out, err
	}
	if out.At = m.LeftAt; out.At.IsZero() {
		out.At = m.ChangedAt
	}
	if a.version == nil { // what it said is erased
		out.Verdict = public.Erased
		if open, _, err := c.stops(ctx, m.Practice, wording.Digest{}); err != nil || slices.ContainsFunc(open, a.stoppedUnread) {
			return public.Checked{Verdict: public.Withdrawn, At: out.At}, err
		}
		return out, nil
	}
	err = c.DB.View(ctx, as, func(tx *store.Tx) error { return c.open(ctx, tx, &a) })
	if err != nil && !errors.Is(err, vault.ErrNoKeys) { // without keys all of it was erased
		return out, err
	}
	if a.record != nil && a.record.Values.Code != string(text) { // of a try that did not leave
		return public.Checked{Verdict: public.NotOurs}, nil
	}
	out = public.Checked{Verdict: public.Compare, Name: a.version.Branding.Name, Accent: a.version.Branding.Accent, At: out.At, Hosts: a.compiled.Hosts()}
	if a.version.Branding.Phone != nil {
		out.Phone = a.version.Branding.Phone.Display
	}
	if own := c.portal.Host(); own != "" && (len(out.Hosts) > 0 || m.Purpose == message.Marketing) && !slices.Contains(out.Hosts, own) {
		out.Hosts = append([]string{own}, out.Hosts...)
	}
	if a.said, err = c.leaf(ctx, &a); err != nil {
		return public.Checked{}, err
	}
	good, err := c.good(ctx, &a)
	switch {
	case err != nil:
		return public.Checked{}, err
	case !good:
		out.Verdict = public.Withdrawn
		return out, nil
	}
	a.compare(shown, &out)
	return out, nil
}

// read finds the version that was sent.
func (c *checks) read(ctx context.Context, tx *store.Tx, a *asked) error {
	stored, err := c.source.Versions(ctx, tx, []string{a.Version})
	if err != nil {
		return err
	}
	if a.content = stored[a.Version]; len(a.content) == 0 {
		return nil
	}
	version, digest, err := wording.DecodeCanonical(a.content)
	if err != nil || digest.String() != a.Digest {
		return errors.Join(errors.New("a stored version is not the one that was sent"), err)
	}
	a.version = version
	if len(version.Images()) > 0 {
		names := []string{}
		for _, i := range version.Images() {
			names = append(names, i.SHA256)
		}
		if a.pictures, err = c.source.Pictures(ctx, tx, names); err != nil {
			return err
		}
		for _, b := range a.pictures {
			if err := version.Attach(b); err != nil {
				return err
			}
		}
	}
	a.compiled, err = wording.CompileThrough(c.portal, version, version.Match(a.Language))
	return err
}

// open opens what stays sealed with a message, and makes the message again.
func (c *checks) open(ctx context.Context, tx *store.Tx, a *asked) error {
	sealed, err := message.Sealed(ctx, tx, a.ID)
	if err != nil || len(sealed) == 0 {
		return err
	}
	keys, err := c.Keeper.Merging(ctx, tx)
	if err != nil {
		return err
	}
	table, row, column, at := a.Place()
	raw, err := keys.Open(tx, vault.Of{Client: a.Client, Fields: "message"}, vault.Place{Table: table, Row: row, Column: column, Version: at}, sealed)
	if err != nil {
		return nil //nolint:nilerr // what cannot be opened was erased, or is another's: there is nothing to compare with
	}
	if a.record, err = kept.Parse(raw); err != nil || len(a.record.Salt) != len(leaf.Salt{}) {
		return errors.New("what is sealed with a message is no record")
	}
	return c.again(ctx, tx, a)
}

func (c *checks) again(ctx context.Context, tx *store.Tx, a *asked) error {
	from := kept.Sources{Version: a.content, Digest: a.Digest, Pictures: a.pictures}
	if a.record.Directory != "" {
		var err error
		if from.Directory, err = c.source.Directory(ctx, tx, a.record.Directory); err != nil {
			return err
		}
	}
	made, err := a.record.Make(kept.Sent{MessageID: a.MessageID, Way: a.Purpose == message.Marketing}, from)
	if a.older = errors.Is(err, kept.ErrLayout); a.older || errors.Is(err, kept.ErrOther) {
		return nil // its bytes are compared, and its words, with the leaf
	}
	if err == nil {
		a.again = mail.Open(made.Whole)
	}
	return err
}

// good tells whether people's approval of the message stands and nothing of it is stopped.
func (c *checks) good(ctx context.Context, a *asked) (good bool, err error) {
	digest, err := a.version.Digest()
	if err != nil {
		return false, err
	}
	switch a.Kind {
	case message.Letter, message.Reply:
		err = c.asking(ctx, c.chains, a.Practice, func(tx *store.Tx, s *approval.State) error {
			_, why := s.Allows(approval.KindLetter, a.Subject, approval.Digest(digest), tx.Now)
			good = stands(why)
			return nil
		})
	case message.Test:
		good = true // a member saw what was not signed yet
	default:
		good, err = c.links.Signed(ctx, a.Practice, digest)
	}
	if err != nil || !good {
		return false, err
	}
	err = c.asking(ctx, c.chains, a.Practice, func(tx *store.Tx, s *approval.State) error {
		if a.said != nil && a.said.Approval != (leaf.Hash{}) {
			_, why := s.Statement(approval.Digest(a.said.Approval), tx.Now)
			good = stands(why)
		}
		for _, host := range a.compiled.Hosts() {
			if approval.ReasonOf(s.Host(host, tx.Now)) == approval.Off {
				good = false
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	open, texts, err := c.stops(ctx, a.Practice, digest)
	if err != nil {
		return false, err
	}
	var ids []template.ID
	err = c.DB.View(ctx, store.Actor{Practice: a.Practice, Agent: "check"}, func(tx *store.Tx) (err error) {
		ids, err = template.OfDigest(ctx, tx, a.Digest)
		return err
	})
	return good && !slices.ContainsFunc(open, func(s message.Stop) bool { return a.stoppedBy(s, texts, ids) }), err
}

func stands(why error) bool {
	r := approval.ReasonOf(why)
	return why == nil || r == approval.Superseded || r == approval.Expired
}

// stoppedBy errs towards yes: whose key signed an order or letter is not asked again.
func (a *asked) stoppedBy(s message.Stop, texts []string, ids []template.ID) bool {
	switch s.Scope {
	case message.StopPlatform, message.StopPractice:
		return true
	case message.StopHost:
		return slices.Contains(a.compiled.Hosts(), s.Subject)
	case message.StopLink:
		return slices.Contains(a.version.Links(), s.Subject)
	case message.StopText:
		return slices.Contains(texts, s.Subject)
	case message.StopVersion:
		return s.Subject == a.Digest || s.Subject == a.Version
	case message.StopWording:
		return slices.Contains(ids, template.ID(s.Subject))
	case message.StopRule:
		return a.Rule != "" && s.Subject == a.Rule
	case message.StopOrder, message.StopLetter, message.StopGrant:
		return s.Subject == a.Subject
	case message.StopMember, message.StopCredential:
		return a.Kind != message.Rule
	}
	return true
}

// stoppedUnread is stoppedBy of a message whose words are erased: whose links and text nobody knows any more.
func (a *asked) stoppedUnread(s message.Stop) bool {
	switch s.Scope {
	case message.StopHost, message.StopLink, message.StopText, message.StopWording, message.StopMember, message.StopCredential:
		return false
	}
	return a.stoppedBy(s, nil, nil)
}

// compare holds what somebody shows against the message's leaf. Without its leaf nothing is genuine.
func (a *asked) compare(shown public.Shown, out *public.Checked) {
	if a.said == nil || len(shown.Mail) == 0 && shown.Words == "" {
		return
	}
	if digest, err := a.version.Digest(); err != nil || a.said.Version != ledger.Hash(digest) || a.said.Links != leaf.Links(a.compiled.Hosts()) {
		return
	}
	whole, words := a.matches(a.said, leaf.Salt(a.record.Salt), shown)
	if out.Older = a.older; whole || words {
		out.Verdict, out.WordsOnly = public.Genuine, !whole
	}
}

// leaf finds the leaf of a message whose salt is kept; nil where there is none.
func (c *checks) leaf(ctx context.Context, a *asked) (said *leaf.Message, err error) {
	if a.record == nil {
		return nil, nil
	}
	recipient := a.record.Recipient(leaf.Email)
	err = c.DB.WholeView(ctx, "the leaf of a message", func(w *store.Wide) error {
		_, err := ledger.Find(ctx, w, a.Practice, store.Micro(a.CreatedAt), mostLeaves, func(l *leaf.Leaf) bool {
			m, is := l.Body.(*leaf.Message)
			if is = is && m.Recipient == recipient; is {
				said = m
			}
			return is
		})
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		return err
	})
	return said, err
}

// mostLeaves bounds the looking for a leaf: a message leaves within days of being made.
const mostLeaves = 200_000

func (a *asked) matches(said *leaf.Message, salt leaf.Salt, shown public.Shown) (whole, words bool) {
	same := a.again.Text != "" && salt.Words(leaf.WordsOf([]byte(a.again.Text))) == said.Words // what was made again is what left
	if len(shown.Mail) > 0 {
		if asHandedOff(shown.Mail, said, salt) {
			return true, false
		}
		got := mail.Open(shown.Mail)
		return same && flat(got.Text) == flat(a.again.Text) && flat(got.HTML) == flat(a.again.HTML), false
	}
	sum := leaf.WordsOf([]byte(shown.Words))
	return false, salt.Words(sum) == said.Words || same && sum == leaf.WordsOf([]byte(visible(a.again.HTML)))
}

// asHandedOff looks for the bytes that left, behind what servers on the way put before them.
func asHandedOff(raw []byte, said *leaf.Message, salt leaf.Salt) bool {
	text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	const begins = "DKIM-Signature:"
	for at, tries := 0, 0; tries < 8; tries++ {
		i := strings.Index(head[at:], begins)
		if i < 0 {
			return false
		}
		at += i
		if (at == 0 || head[at-1] == '\n') && salt.Text(sha256.Sum256([]byte(text[at:]))) == said.Text {
			return true
		}
		at += len(begins)
	}
	return false
}

// flat is a text with one space wherever there is any: what mail programs change.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

var unseen = regexp.MustCompile(`(?s)<head>.*?</head>|<!--.*?-->|<div style="display:none.*?</div>|<[^>]*>`)

// visible are the words of our own HTML that a reader sees.
func visible(page string) string { return html.UnescapeString(unseen.ReplaceAllString(page, " ")) }
