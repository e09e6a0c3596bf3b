package kept

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"letterhead/ledger/leaf"
	"letterhead/message"
	"letterhead/store"
)

// Of is what a message's row says of whom it was for, and why: all that never changes of an intent. It is sealed with the message, so that a row that was
// changed since is told from the one that left.
func Of(m *message.Message) []byte {
	sum := sha256.New()
	var size [8]byte
	number := func(n int64) {
		binary.BigEndian.PutUint64(size[:], uint64(n))
		sum.Write(size[:])
	}
	text := make([]byte, 0, 64)
	for _, field := range [...]string{string(m.Practice), string(m.ID), string(m.Kind), string(m.Channel), string(m.Purpose), m.Rule, m.Subject, m.Version, m.Digest, m.Language, m.Appointment, m.Attendee,
		m.Client, m.Recipient} {
		number(int64(len(field)))
		sum.Write(append(text, field...))
	}
	number(m.Generation)
	number(store.Micro(m.NotAfter))
	number(store.Micro(m.CreatedAt))
	return sum.Sum(nil)[:16]
}

// onItsWay is how long after its leaf a message's first byte may leave: until then it is its courier's.
const onItsWay = 10 * time.Minute

// Row returns what differs between a message's row and what is on record of its last try: the leaf's instant, and what became of it.
func (r *Record) Row(m *message.Message, at time.Time, fate leaf.Fate) (differs []string) {
	if !bytes.Equal(r.Of, Of(m)) {
		differs = append(differs, PartRow)
	}
	if !became(m.State, fate) {
		differs = append(differs, PartFate)
	}
	if left := m.LeftAt; (fate == leaf.Sent || fate == leaf.Maybe || fate == leaf.Refused) && (left.Before(at.Add(-time.Minute)) || left.After(at.Add(onItsWay))) {
		differs = append(differs, PartTime)
	}
	return differs
}

// became tells whether a state is what comes of a fate.
func became(s message.State, fate leaf.Fate) bool {
	switch fate {
	case leaf.Sent:
		return s == message.Sent
	case leaf.Maybe:
		return s == message.MaybeSent
	case leaf.Refused:
		return s == message.Refused
	case leaf.Deferred, leaf.Stopped: // it waits, or was given up since
		return s != message.Sent && s != message.MaybeSent && s != message.Leaving
	}
	return s == message.Leaving
}
