package courier

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"letterhead/courier/breaker"
	"letterhead/courier/domain"
	"letterhead/courier/kept"
	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
	"letterhead/vault"
	"letterhead/wording"
	"letterhead/wording/code"
	"letterhead/wording/link"
	"letterhead/wording/picture"
)

// version is one language of a wording's version, compiled from canonical JSON whose digest was verified.
type version struct {
	compiled *wording.Compiled
	sender   wording.Sender
	frame    kept.Frame
	hosts    []string
	links    []string // that the wording leads to, in any of its languages
	text     breaker.Text
	size     int
	asks     bool // it has a link by which its recipient answers
}

// versions keeps compiled versions by digest and language, the ones longest unused first out.
type versions struct {
	mu    sync.Mutex
	bytes int
	used  *list.List // of *cached, the latest first
	known map[versionKey]*list.Element
}

type versionKey struct{ digest, language string }

type cached struct {
	key versionKey
	*version
}

func newVersions() *versions {
	return &versions{used: list.New(), known: map[versionKey]*list.Element{}}
}

func (v *versions) get(key versionKey) *version {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.known[key]
	if e == nil {
		return nil
	}
	v.used.MoveToFront(e)
	return e.Value.(*cached).version
}

func (v *versions) put(key versionKey, made *version) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known[key] != nil {
		return
	}
	v.known[key] = v.used.PushFront(&cached{key, made})
	v.bytes += made.size
	for v.bytes > versionCache && v.used.Len() > 1 {
		oldest := v.used.Remove(v.used.Back()).(*cached)
		delete(v.known, oldest.key)
		v.bytes -= oldest.size
	}
}

var errDigest, errPicture = errors.New("the stored version is not the one that the message names"), errors.New("a picture is not there, or not the one that the version names")

// load finds the compiled version of each parcel, compiling what is not known: one read for a practice, and one of the pictures that these versions
// name. A version that is missing, damaged or not what its digest says holds its messages, and so does one whose signed picture is not there.
func (c *Courier) load(ctx context.Context, tx *store.Tx, parcels []*parcel) error {
	var ids []string
	for _, p := range parcels {
		p.version = c.versions.get(p.key())
		if p.version == nil {
			ids = append(ids, p.Version)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	raw, err := c.Source.Versions(ctx, tx, slices.Compact(slices.Sorted(slices.Values(ids))))
	if err != nil {
		return err
	}
	decoded, pictures, err := c.decode(ctx, tx, parcels, raw)
	if err != nil {
		return err
	}
	bad := map[versionKey]string{}
	for _, p := range parcels {
		if p.version != nil {
			continue
		}
		key := p.key()
		if p.version = c.versions.get(key); p.version != nil { // just compiled for a parcel before this
			continue
		}
		if bad[key] == "" {
			if p.version, err = c.compile(decoded[p.Digest], pictures, p.language()); err == nil {
				c.versions.put(key, p.version)
				continue
			}
			c.Log.Warn("a version cannot be sent", slog.String("practice", string(tx.Practice)), slog.String("version", p.Version), slog.Any("error", err))
			if bad[key] = message.ReasonWording; errors.Is(err, errPicture) {
				bad[key] = message.ReasonPicture
			}
		}
		p.end(message.Held, bad[key], "")
	}
	return nil
}

// decode reads the versions that parcels without one name, by the digests that these name, and the pictures in them.
func (c *Courier) decode(ctx context.Context, tx *store.Tx, parcels []*parcel, raw map[string][]byte) (map[string]*wording.Version, map[string][]byte, error) {
	decoded, names := map[string]*wording.Version{}, map[string]bool{}
	for _, p := range parcels {
		if p.version != nil || decoded[p.Digest] != nil {
			continue
		}
		v, actual, err := wording.DecodeCanonical(raw[p.Version])
		if err != nil || actual.String() != p.Digest || len(v.Images()) > picture.Most {
			continue
		}
		decoded[p.Digest] = v
		for _, i := range v.Images() {
			names[i.SHA256] = true
		}
	}
	pictures, err := c.Source.Pictures(ctx, tx, slices.Sorted(maps.Keys(names)))
	return decoded, pictures, err
}

func (p *parcel) key() versionKey { return versionKey{p.Digest, p.language()} }

func (p *parcel) language() string {
	if p.facts.Language != "" {
		return p.facts.Language
	}
	return p.Language
}

// compile turns a version whose digest is the message's into one of a language. Its pictures are those that the digest stands for, or it is not sent.
func (c *Courier) compile(decoded *wording.Version, pictures map[string][]byte, language string) (*version, error) {
	if decoded == nil {
		return nil, errDigest
	}
	size := 0
	for _, i := range decoded.Images() {
		if err := decoded.Attach(pictures[i.SHA256]); err != nil {
			return nil, errors.Join(errPicture, err)
		}
		size += 2 * len(pictures[i.SHA256])
	}
	compiled, err := wording.CompileThrough(c.portal, decoded, decoded.Match(language))
	if err != nil {
		return nil, err
	}
	v := &version{compiled: compiled, sender: decoded.Sender, size: size + perVersion, asks: compiled.Asks(), hosts: compiled.Hosts(), links: decoded.Links()}
	if said, ok := decoded.Language(compiled.Language()); ok {
		v.text = breaker.TextOfWording(said)
	}
	v.frame, err = kept.FrameOf(decoded, compiled)
	return v, err
}

// parcel is a message in the courier's hands.
type parcel struct {
	message.Message
	good     time.Time // nothing of it begins from then on: not-after, or a while after the claim
	facts    Facts
	keys     *vault.Keys
	version  *version
	signer   signer
	approved approved
	ticket   uint64    // of the budgets; 0 for none
	since    time.Time // when what lets it go was first used; zero: nobody knows

	settled bool // out says what becomes of it
	out     message.Outcome

	buffer    []byte // of the renderer
	body      []byte
	header    []byte // with the empty line that ends it
	signature []byte
	text      string // of an SMS
	to, from  string // envelope
	kept      []byte // what stays sealed, without its signature
	salt      leaf.Salt
	leaf      uint64 // sequence of its leaf; 0 before it has one
	route     *route // relay or gateway
	begun     bool   // told to the journal
	segment   int
	at        time.Time // when its first byte was about to leave
}

type signer interface {
	Sign(dst []byte, now time.Time, header, body []byte) ([]byte, error)
}

// end says what becomes of a parcel; only the first word counts.
func (p *parcel) end(state message.State, reason, detail string) {
	if !p.settled {
		p.settled = true
		p.out = message.Outcome{Practice: p.Practice, ID: p.ID, State: state, Reason: reason, Detail: detail}
	}
}

// back gives a parcel back to the queue without a step; not before an instant, when there is one.
func (p *parcel) back(turn time.Time) {
	p.end(message.Queued, "", "")
	p.out.Silent, p.out.Turn = true, turn
}

// Record is what stays sealed with a message.
type Record = kept.Record

// merge renders, inspects, composes and seals one parcel.
func (c *Courier) merge(p *parcel, date string, now time.Time) {
	if p.Purpose == message.Marketing {
		p.facts.Values.Unsubscribe = c.Config.PublicURL + "/unsubscribe/" + c.Tokens.Unsubscribe(p.Practice, p.ID)
	}
	if p.version.asks {
		p.facts.Values.Confirm, p.facts.Values.Decline = c.Tokens.Pages(c.portal.String()+link.AnswerPath, &p.Message, p.facts.Starts)
	}
	if p.Channel == message.Email && p.Kind != message.System {
		p.facts.Values.Code = string(code.New())
	}
	rendered := p.version.compiled.RenderWith(p.approved.book, p.buffer, &p.facts.Values)
	p.buffer = rendered.Buffer
	if found := wording.Inspect(&rendered); len(found) > 0 {
		p.end(message.Held, message.ReasonInspection, string(found[0].Name)+" "+string(found[0].Field))
		return
	}
	if p.MessageID == "" {
		p.MessageID = string(p.ID) + "@" + p.version.sender.Domain
	}
	if p.Channel == message.SMS {
		if p.text = string(rendered.SMS); p.text == "" {
			p.end(message.Held, message.ReasonWording, "no text message in this version")
			return
		}
	} else if !c.compose(p, &rendered, date) {
		return
	}
	p.salt = leaf.NewSalt()
	r := Record{Of: kept.Of(&p.Message), Address: p.facts.Address, Language: p.version.compiled.Language(), Date: now.Unix(), Values: p.facts.Values, Directory: p.approved.directory(), Salt: p.salt[:], Portal: c.portal.String()}
	var err error
	if p.kept, err = r.Append(); err != nil {
		p.end(message.Held, message.ReasonInspection, "values")
	}
}

// compose writes the header.
func (c *Courier) compose(p *parcel, rendered *wording.Rendered, date string) bool {
	h := kept.Head{Address: p.facts.Address, ReplyTo: p.approved.book.ReplyTo(p.facts.Values.PlaceID), Subject: rendered.Subject, Date: date, MessageID: p.MessageID}
	if p.Purpose == message.Marketing {
		h.Unsubscribe = p.facts.Values.Unsubscribe
	}
	var err error
	switch p.header, p.to, err = p.version.frame.Header(p.header[:0], &h); {
	case errors.Is(err, kept.ErrAddress):
		p.end(message.Refused, message.ReasonNoAddress, kept.ErrAddress.Error())
	case err != nil:
		p.end(message.Held, message.ReasonSender, kept.ErrReply.Error())
	}
	p.body = rendered.Body
	p.from = c.Tokens.ReturnPath(p.Practice, p.ID, domain.ReturnPath(p.version.sender.Domain))
	return err == nil
}
