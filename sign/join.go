package sign

import (
	"context"
	"net/http"
	"slices"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/sign/show"
	"letterhead/store"
)

// join takes the key that an invited member's page made. It counts for nothing yet: its enrolment waits on the list of those who may sign it.
func (d *desk) join(v *visit) (answer, error) {
	var m made
	if err := v.read(&m); err != nil {
		return answer{}, err
	}
	c, err := d.waits.Of(v.practice(), m.Secret, v.now)
	if err != nil {
		return answer{}, err
	}
	key, err := d.registered(v, m, toJoin)
	if err != nil {
		return answer{}, err
	}
	if err := d.waits.Answer(v.practice(), c.ID, approval.KeySubject(key.Credential), key.PublicKey, v.now); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, value: map[string]string{"fingerprint": show.Fingerprint(key.PublicKey), "by": v.name(c.By)}}, nil
}

func (d *desk) invite(v *visit) (answer, error) {
	form, err := v.form()
	if err != nil {
		return answer{}, err
	}
	if v.session.founding != nil {
		return answer{}, fault.New(fault.Conflict, "sign.founding", "sign your own key first")
	}
	member := store.MemberID(form.Get("member"))
	if !slices.ContainsFunc(v.teammates(), func(id store.MemberID) bool { return id == member }) {
		return answer{}, fault.Field("member", "sign.member", "choose somebody of the team list")
	}
	role := approval.Role(form.Get("role"))
	if !slices.Contains(rolesOffered, role) {
		return answer{}, fault.Field("role", "sign.role", "choose what they may sign as")
	}
	var may bool
	err = d.chain(v, func(_ context.Context, _ *store.Tx, s *approval.State) error {
		own := s.Role(v.session.member)
		may = own == approval.Owner || own == approval.Manager
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	if !may {
		return answer{}, fault.New(fault.Denied, "sign.invite", "an owner or a manager invites to sign")
	}
	secret, err := d.waits.Invite(v.practice(), member, v.session.member, role, v.now)
	if err != nil {
		return answer{}, err
	}
	link := d.party.Origin + v.path("/join") + "#" + secret
	return answer{status: http.StatusOK, page: invited(frameOf(d, v, "A link for "+v.name(member)), v.name(member), link, v.path("/keys"))}, nil
}

func (d *desk) dismiss(v *visit) (answer, error) {
	form, err := v.form()
	if err != nil {
		return answer{}, err
	}
	if err := d.waits.Drop(v.practice(), v.now, form.Get("invitation")); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusSeeOther, to: v.path("/keys")}, nil
}

// rolesOffered are those that may sign something.
var rolesOffered = []approval.Role{approval.Owner, approval.Manager, approval.Practitioner, approval.FrontDesk}

// teammates are who may be invited.
func (v *visit) teammates() []store.MemberID {
	var out []store.MemberID
	for _, m := range v.members {
		if m.EndedAt.IsZero() {
			out = append(out, m.ID)
		}
	}
	return out
}

// recover enrols a new key for the owner whose recovery sheet this is. The sheet's key signs; nobody has to be unlocked, and the new key waits.
func (d *desk) recover(v *visit) (answer, error) {
	var m made
	if err := v.read(&m); err != nil {
		return answer{}, err
	}
	paper, err := approval.ParseRecoverySheet(m.Seed)
	if err != nil {
		return answer{}, err
	}
	key, err := d.registered(v, m, toRecover)
	if err != nil {
		return answer{}, err
	}
	var signing *approval.Signing
	var x *approval.Statement
	err = d.chain(v, func(_ context.Context, tx *store.Tx, s *approval.State) error {
		member, known := store.MemberID(""), false
		for _, k := range s.Keys() {
			if k.Recovery && k.Revoked == 0 && k.Subject == approval.RecoverySubject(paper.PublicKey()) {
				member, known = k.Member, true
			}
		}
		if !known {
			return fault.Field("seed", "sign.recovery", "this sheet belongs to no key of this practice, or was revoked")
		}
		x = s.Draft(approval.KindKey, approval.KeySubject(key.Credential), member)
		x.Body.Key = &approval.KeyBody{Action: approval.Enrol, Member: member, PublicKey: key.PublicKey, Proof: approval.Bytes{}}
		signing, err = s.Prepare(tx.Now, x)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	made := &sheet{signing: signing, statements: []*approval.Statement{x}}
	if err := d.take(v, made, paper.Sign(signing.Sheet)); err != nil {
		return answer{}, err
	}
	until := ""
	err = d.chain(v, func(_ context.Context, _ *store.Tx, s *approval.State) error {
		for _, k := range s.Keys() {
			if k.Subject == x.Subject {
				until = show.Moment(k.From, v.zone)
			}
		}
		return nil
	})
	return answer{status: http.StatusOK, value: map[string]string{"fingerprint": show.Fingerprint(key.PublicKey), "by": until}}, err
}
