package drill

import (
	"fmt"

	"letterhead/rehearse/drill/received"
	"letterhead/rehearse/drill/siege"
	"letterhead/testkit/sink"
)

const (
	mark = received.Mark
	evil = received.Evil
)

// mail is a message that arrived.
type mail struct {
	received.Mail
	other bool // goes on by right: to the other practice's clients, or to those of a victim that is not the attack's
	again bool // not the first to this address
}

// arrived reads what came to the sink.
func (w *world) arrived(list []sink.Mail) ([]mail, error) {
	var out []mail
	seen := map[string]bool{}
	for _, m := range list {
		read, err := received.Read(m)
		if err != nil {
			return nil, fmt.Errorf("read what arrived: %w", err)
		}
		out = append(out, mail{Mail: read, again: seen[m.To], other: siege.IsOther(m.To) || w.Own(m.To)})
		seen[m.To] = true
	}
	return out, nil
}
