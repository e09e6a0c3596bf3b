package proposal

import (
	"context"
	"fmt"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/guard"
	"letterhead/letter"
	"letterhead/sign/show"
)

// letters proposes the letters that members asked for: each to one person, by name and address as they are now. One whose address has changed since
// it was asked for is not proposed: its writer has to look again.
func (l *lister) letters(ctx context.Context) error {
	if l.setting.Keeper == nil {
		return nil
	}
	keys, err := l.setting.Keeper.Keys(ctx, l.tx)
	if err != nil {
		return err
	}
	waiting, err := letter.Waiting(ctx, l.tx, keys)
	if err != nil || len(waiting) == 0 {
		return err
	}
	names := map[string]string{}
	team, err := guard.Members(ctx, l.tx)
	if err != nil {
		return err
	}
	for _, m := range team {
		names[string(m.ID)] = m.Name
	}
	for _, each := range waiting {
		to, err := letter.AddresseeOf(ctx, l.tx, keys, each)
		if fault.As(err) != nil {
			continue
		}
		if err != nil {
			return err
		}
		p, err := letterProposal(each, to)
		if err != nil {
			continue // damaged: it cannot be signed
		}
		if name := names[each.WrittenBy]; name != "" {
			p.Facts = append(p.Facts, show.Fact{Name: "Written by", Value: []string{name}})
		}
		if said, err := letter.Said(ctx, l.tx, keys, each.Answers); err == nil {
			p.Facts = append(p.Facts, show.Fact{Name: "Answers", Value: []string{said.Text}})
		}
		l.propose(p, false)
	}
	return nil
}

func letterProposal(l letter.Letter, to letter.Addressee) (Proposal, error) {
	digest, err := approval.ParseDigest(l.Digest)
	way := map[bool]string{true: "text message", false: "e-mail"}[l.Channel == "sms"]
	p := Proposal{Kind: approval.KindLetter, Subject: string(l.ID), Title: fmt.Sprintf("To %s, by %s", to.Name, way), Digest: digest, Content: l.Content(), Expires: approval.At(l.Expires),
		Body:  approval.Body{Letter: &approval.LetterBody{Channel: string(l.Channel), Client: string(l.Client), Recipient: l.AddressIndex}},
		Facts: []show.Fact{{Name: "To", Value: []string{to.Name, to.Address}}}}
	if to.Of != "" {
		p.Facts = append(p.Facts, show.Fact{Name: "About", Value: []string{to.Of}})
	}
	return p, err
}
