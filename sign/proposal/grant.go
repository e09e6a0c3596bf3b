package proposal

import (
	"context"
	"fmt"

	"letterhead/approval"
	"letterhead/grant"
	"letterhead/guard"
	"letterhead/template"
)

// grants proposes what programs are to be let send, while it is wanted: the very version that was chosen.
func (l *lister) grants(ctx context.Context) error {
	open, err := grant.Open(ctx, l.tx)
	if err != nil || len(open) == 0 {
		return err
	}
	programs, names, err := l.named(ctx)
	if err != nil {
		return err
	}
	var ids []template.VersionID
	for _, g := range open {
		ids = append(ids, g.Version)
	}
	contents, err := template.Content(ctx, l.tx, ids)
	if err != nil {
		return err
	}
	for _, g := range open {
		digest, err := approval.ParseDigest(g.Digest)
		program, alive := programs[g.Credential]
		if err != nil || !alive || len(contents[g.Version]) == 0 {
			continue // it cannot be signed, and the courier holds what names it
		}
		known, err := l.state.Current(approval.KindGrant, string(g.ID), l.tx.Now)
		l.propose(Proposal{Kind: approval.KindGrant, Subject: string(g.ID), Title: fmt.Sprintf("%s may send “%s”", program, names[g.Wording]), Digest: digest, Content: contents[g.Version],
			Body:   approval.Body{Grant: &approval.GrantBody{Credential: g.Credential, Purpose: string(g.Purpose), Values: []approval.GrantValue{}, Wording: string(g.Wording)}},
			Limits: &approval.Limits{Day: g.Day}, Expires: approval.At(g.ExpiresAt)}, err == nil && known.Statement.Digest == digest)
	}
	return nil
}

// named are the names of programs that have a key, and of wordings.
func (l *lister) named(ctx context.Context) (map[string]string, map[template.ID]string, error) {
	programs, names := map[string]string{}, map[template.ID]string{}
	credentials, err := guard.Credentials(ctx, l.tx)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range credentials {
		if c.ExpiresAt.After(l.tx.Now) {
			programs[c.ID] = c.Name
		}
	}
	wordings, err := template.List(ctx, l.tx)
	for _, w := range wordings {
		names[w.ID] = w.Name
	}
	return programs, names, err
}
