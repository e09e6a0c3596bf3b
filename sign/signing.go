package sign

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"letterhead/approval"
	"letterhead/courier/trust"
	"letterhead/fault"
	"letterhead/message"
	"letterhead/sign/challenge"
	"letterhead/sign/proposal"
	"letterhead/sign/show"
	"letterhead/store"
)

var (
	errOther = fault.New(fault.Conflict, "sign.changed", "what waits has changed since you looked; nothing was signed; look at the list again")
	errNone  = fault.Field("items", "sign.none", "tick what you want to sign")
)

// within reads the state that a visit signs upon: the practice's, or while its first key is not pinned the one that would be.
func (d *desk) within(v *visit, do func(context.Context, *store.Tx, *approval.State) error) error {
	f := v.session.founding
	if f == nil || f.secret == "" {
		return d.chain(v, do)
	}
	anchor, err := trust.Anchor(d.Folder, v.practice())
	if err != nil {
		return err
	}
	if anchor.Root.Key != "" {
		return errFounded
	}
	anchor.Root = approval.Root{Key: v.session.key, PublicKey: f.publicKey, Proof: f.proof}
	ctx := v.Context()
	return d.DB.View(ctx, v.actor(), func(tx *store.Tx) error { return do(ctx, tx, approval.NewState(anchor)) })
}

// home asks for the key, or shows the list.
func (d *desk) home(v *visit) (answer, error) {
	if v.session == nil {
		return answer{status: http.StatusOK, page: locked(frameOf(d, v, "Unlock the signing desk"))}, nil
	}
	l, err := d.read(v)
	if err != nil {
		return answer{}, err
	}
	title := "Nothing waits for your signature"
	switch n := len(l.Items); {
	case v.session.founding != nil:
		title = "Your first signature"
	case n == 1:
		title = "1 thing waits for your signature"
	case n > 1:
		title = strconv.Itoa(n) + " things wait for your signature"
	}
	return answer{status: http.StatusOK, page: list(frameOf(d, v, title), l)}, nil
}

// read makes the list and remembers what was shown: nothing else can be signed.
func (d *desk) read(v *visit) (*listing, error) {
	var l *listing
	err := d.within(v, func(ctx context.Context, tx *store.Tx, s *approval.State) (err error) {
		l, err = d.list(ctx, tx, v, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	shown := map[string]*item{}
	for _, i := range l.Items {
		shown[i.ID] = i
	}
	v.session.mu.Lock()
	v.session.shown = shown
	v.session.mu.Unlock()
	return l, nil
}

func (s *session) seen(id string) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[id]
}

// preview is one message of a wording that was listed, in a frame that runs nothing and loads nothing.
func (d *desk) preview(v *visit) (answer, error) {
	i := v.session.seen(v.PathValue("item"))
	l, errL := strconv.Atoi(v.PathValue("language"))
	e, errE := strconv.Atoi(v.PathValue("example"))
	if i == nil || i.Wording == nil || errL != nil || errE != nil || l < 0 || l >= len(i.Wording.Languages) || e < 0 || e >= len(i.Wording.Languages[l].Examples) {
		return answer{}, errNothing
	}
	return answer{status: http.StatusOK, kind: "text/html; charset=utf-8", raw: []byte(i.Wording.Languages[l].Examples[e].HTML),
		policy: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; sandbox; frame-ancestors 'self'"}, nil
}

// sheet makes a sheet of what was ticked on the list that was shown.
func (d *desk) sheet(v *visit) (answer, error) {
	var ticked struct {
		Items []string `json:"items"`
	}
	if err := v.read(&ticked); err != nil {
		return answer{}, err
	}
	if len(ticked.Items) > approval.MaxStatements {
		return answer{}, fault.Field("items", "sign.many", "one touch signs at most %d things", approval.MaxStatements)
	}
	made := &sheet{id: newToken(), until: v.now.Add(challenge.Life)}
	err := d.within(v, func(ctx context.Context, tx *store.Tx, s *approval.State) error {
		l, err := d.list(ctx, tx, v, s)
		if err != nil {
			return err
		}
		if err := made.pick(v.session, l, ticked.Items); err != nil {
			return err
		}
		if v.session.founding != nil {
			made.state = s
		}
		made.signing, err = s.Prepare(tx.Now, made.statements...)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	v.session.keep(made)
	return answer{status: http.StatusOK, value: touch{Options: d.getOptions(made.signing.Challenge, v.session.key), To: v.path("/sign/" + made.id)}}, nil
}

// pick takes the items that were ticked, as they are now; one that says something else now was not shown.
func (m *sheet) pick(s *session, l *listing, ticked []string) error {
	for _, i := range l.Items {
		if !i.Fixed && !slices.Contains(ticked, i.ID) {
			continue
		}
		if s.seen(i.ID) == nil || i.Blocked != "" {
			return errOther
		}
		m.statements = append(m.statements, i.Statement)
		m.titles = append(m.titles, i.Kind+": "+i.Title)
		if i.Candidate != "" {
			m.candidates = append(m.candidates, i.Candidate)
		}
	}
	if err := withRole(l, m.statements); err != nil {
		return err
	}
	for _, id := range ticked {
		if !slices.ContainsFunc(l.Items, func(i *item) bool { return i.ID == id }) {
			return errOther
		}
	}
	if len(m.statements) == 0 {
		return errNone
	}
	return nil
}

// withRole holds a new key back until what its member may sign is signed too, in the same list or before: it would open the desk and sign nothing.
func withRole(l *listing, signed []*approval.Statement) error {
	for _, i := range l.Items {
		role := i.Statement
		if i.Candidate == "" || role.Kind != approval.KindMember || slices.Contains(signed, role) || slices.Contains(l.Members, store.MemberID(role.Subject)) {
			continue
		}
		if slices.ContainsFunc(signed, func(x *approval.Statement) bool {
			return x.Kind == approval.KindKey && x.Body.Key.Action == approval.Enrol && string(x.Body.Key.Member) == role.Subject
		}) {
			return fault.Field("items", "sign.role_first", "tick %q too: a key without it signs nothing", i.Title)
		}
	}
	return nil
}

// sign takes the signature over a sheet, pins a first key, and appends the entry.
func (d *desk) sign(v *visit) (answer, error) {
	var a answered
	if err := v.read(&a); err != nil {
		return answer{}, err
	}
	if a.Key != v.session.key {
		return answer{}, errUnknownKey
	}
	made, err := v.session.take(v.PathValue("sheet"), v.now)
	if err != nil {
		return answer{}, err
	}
	signature := approval.Signature{Type: approval.TypeKey, Key: a.Key, AuthenticatorData: a.AuthenticatorData, ClientData: a.ClientData, Signature: a.Signature}
	if err := d.pin(v, made, signature); err != nil {
		return answer{}, err
	}
	if err := d.take(v, made, signature); err != nil {
		return answer{}, err
	}
	s := v.session
	s.mu.Lock()
	s.founding, s.composed, s.shown, s.paper = nil, nil, nil, nil
	s.mu.Unlock()
	if err := d.waits.Drop(v.practice(), v.now, d.answeredOf(v, made)...); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, value: map[string]string{"go": v.path("/done/" + made.id)}}, nil
}

// answeredOf are the invitations whose key is in the chain now.
func (d *desk) answeredOf(v *visit, made *sheet) []string {
	var out []string
	all, err := d.waits.List(v.practice(), v.now)
	if err != nil {
		return nil
	}
	for _, c := range all {
		if slices.ContainsFunc(made.statements, func(x *approval.Statement) bool { return x.Kind == approval.KindKey && x.Subject == c.Key }) {
			out = append(out, c.ID)
		}
	}
	return out
}

// pin makes a founding's key the practice's first, once its first entry is known to hold.
func (d *desk) pin(v *visit, made *sheet, signature approval.Signature) error {
	f := v.session.founding
	if f == nil || f.secret == "" {
		return nil
	}
	e, err := made.signing.Entry(approval.Head{}, signature)
	if err != nil {
		return err
	}
	if err := made.state.Try(e); err != nil {
		return err
	}
	_, err = trust.Pin(d.Folder, v.practice(), f.secret, v.session.key, f.publicKey, f.proof, v.now)
	return err
}

// tries bounds how often others may sign between reading the head and writing behind it.
const tries = 5

// take appends the entry behind the head of now, without another touch where others signed meanwhile, and has the journal note it.
func (d *desk) take(v *visit, made *sheet, signature approval.Signature) error {
	ctx := v.Context()
	var err error
	for range tries {
		err = d.DB.Change(ctx, v.actor(), func(tx *store.Tx) error {
			head, err := approval.LastHead(ctx, tx)
			if err != nil {
				return err
			}
			e, err := made.signing.Entry(head, signature)
			if err != nil {
				return err
			}
			if err := d.Chains.Append(ctx, tx, e); err != nil {
				return err
			}
			if err := lift(ctx, tx, made.statements); err != nil {
				return err
			}
			if err := proposal.Signed(ctx, tx, made.statements); err != nil {
				return err
			}
			if d.Signed != nil {
				return d.Signed(ctx, tx, tx.Practice)
			}
			return nil
		})
		if !errors.Is(err, approval.ErrMoved) {
			break
		}
	}
	if err != nil {
		return err
	}
	for _, x := range made.statements {
		if b := x.Body.Key; b != nil && b.Action == approval.Revoke {
			d.memory.endKey(v.practice(), x.Subject)
		}
	}
	if d.Wake != nil {
		defer d.Wake()
	}
	return d.record(v)
}

// record has the journal note what was appended, and puts it into the ledger. What cannot be put there now, the courier puts before anything leaves.
func (d *desk) record(v *visit) error {
	if d.Record == nil {
		return d.chain(v, func(context.Context, *store.Tx, *approval.State) error { return nil })
	}
	ctx := v.Context()
	late := d.Record.Look(ctx, []store.PracticeID{v.practice()})
	err := d.chain(v, func(ctx context.Context, tx *store.Tx, s *approval.State) error {
		if late == nil {
			late = d.Record.Gather(ctx, tx, d.Chains, s)
		}
		return nil
	})
	if err == nil && late == nil {
		late = d.Record.Write(ctx)
	}
	if late != nil {
		d.Log.Warn("what was signed is put on the record later", slog.String("practice", string(v.practice())), slog.Any("error", late))
	}
	return err
}

// lift marks the stops as lifted that were named in what was signed; the courier asks the chain itself.
func lift(ctx context.Context, tx *store.Tx, statements []*approval.Statement) error {
	var stops []string
	for _, x := range statements {
		if x.Kind == approval.KindLift {
			stops = append(stops, x.Subject)
		}
	}
	if len(stops) == 0 {
		return nil
	}
	_, err := message.Lift(ctx, tx, stops...)
	return err
}

// outcome is what became of one statement.
type outcome struct {
	Title, Say string
	State      string // in force, waits, needs
}

// done says what became of a sheet.
func (d *desk) done(v *visit) (answer, error) {
	made := v.session.sheet(v.PathValue("sheet"))
	if made == nil || !made.used {
		return answer{}, errNothing
	}
	var out []outcome
	second := false
	err := d.chain(v, func(_ context.Context, tx *store.Tx, s *approval.State) error {
		for i, x := range made.statements {
			digest, err := x.Sum()
			if err != nil {
				return err
			}
			o := outcome{Title: made.titles[i]}
			standing, err := s.Statement(digest, tx.Now)
			var refused *approval.Refused
			switch {
			case err == nil:
				o.State, o.Say = "in force", "In force"
				if !standing.Until.IsZero() {
					o.Say += " until " + show.Moment(standing.Until, v.zone)
				}
			case errors.As(err, &refused):
				o.State = "waits"
				if refused.Reason == approval.NeedsSecond {
					o.State, second = "needs", true
				}
				if o.Say = show.Why(refused.Reason, refused.Until, v.zone, s.Needs(x, v.session.member).Owner); o.Say == "" {
					o.Say = sentence(fault.As(err).Say)
				}
			default:
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	link := ""
	if second {
		link = d.party.Origin + v.path("")
	}
	return answer{status: http.StatusOK, page: result(frameOf(d, v, "Signed"), out, link)}, nil
}

// keep shows the first key's fingerprint and the recovery sheet, for paper.
func (d *desk) keep(v *visit) (answer, error) {
	v.session.mu.Lock()
	f, paper := v.session.founding, v.session.paper
	v.session.mu.Unlock()
	if f != nil {
		paper = &f.recovery
	}
	if paper == nil {
		return answer{}, errNothing
	}
	file, err := trust.Read(d.Folder)
	if err != nil {
		return answer{}, err
	}
	k := kept{Seed: paper.Text(), Desk: d.party.Origin + v.path("/recover"), Member: v.name(v.session.member), At: show.Moment(v.now, v.zone)}
	if f != nil {
		k.Fingerprint = trust.Root{Practice: v.practice(), Key: v.session.key, PublicKey: f.publicKey}.Fingerprint(file.Installation)
	}
	return answer{status: http.StatusOK, page: keeping(frameOf(d, v, "Keep this on paper"), k)}, nil
}

// kept is what goes on paper.
type kept struct {
	Fingerprint, Seed, Desk, Member, At string
}
