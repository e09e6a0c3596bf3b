package messages

import (
	"context"
	"net/url"

	"letterhead/courier/breaker"
	"letterhead/guard"
	"letterhead/message"
	"letterhead/store"
	"letterhead/template"
	"letterhead/web/page"
	"letterhead/web/ui"
)

// stops leads from a message to the stop of what it says, and of each link in it. Where its version is not one of the practice's templates as it
// should be, there is nothing to lead to.
func stops(ctx context.Context, tx *store.Tx, v *page.Visit, m message.Message) []ui.Link {
	if !v.May(guard.SendingStop) {
		return nil
	}
	version, err := template.Read(ctx, tx, template.VersionID(m.Version))
	if err != nil {
		return nil
	}
	var out []ui.Link
	if said, is := version.Language(version.Match(m.Language)); is {
		out = append(out, ui.Link{To: "/stop?what=text:" + breaker.TextOfWording(said).Hex(), Say: v.Say("messages.stop-text")})
	}
	for _, address := range version.Links() {
		out = append(out, ui.Link{To: "/stop?what=link&site=" + url.QueryEscape(address), Say: v.Say("messages.stop-link", address)})
	}
	return out
}
