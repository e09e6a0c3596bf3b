package sign

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/store"
)

// The rules of visits, in one place.
const (
	visitLife    = 10 * time.Minute // after the last unlock
	foundingLife = time.Hour        // the first key's: there is a sheet of paper to be written and a set to be read

	mostVisits   = 4096 // of all practices
	mostOfOne    = 32   // of one
	mostSheets   = 8    // of one visit; beyond it, the oldest is forgotten
	mostComposed = 40
)

// memory is what the desk knows until it ends: who is here, which challenges were answered. It is bounded, and what strangers can ask for takes
// no room in it.
type memory struct {
	mu     sync.Mutex
	visits map[[32]byte]*session // by the hash of the cookie
}

func newMemory() *memory {
	return &memory{visits: map[[32]byte]*session{}}
}

// session is an unlocked visit. Its fields are written under mu.
type session struct {
	practice store.PracticeID
	member   store.MemberID
	key      string // subject of the key that unlocked it
	until    time.Time
	founding *founding // until its first entry is appended; nil then

	mu       sync.Mutex
	sheets   []*sheet
	composed []composed
	shown    map[string]*item        // of the list that was read last
	paper    *approval.RecoverySheet // of a recovery key that is on the list
}

// founding is a first key before its first entry.
type founding struct {
	publicKey, proof []byte
	secret           string // "" where the key was pinned and nothing was signed after it
	recovery         approval.RecoverySheet
}

// sheet is what one touch is asked for.
type sheet struct {
	id         string
	signing    *approval.Signing
	statements []*approval.Statement
	titles     []string
	candidates []string        // invitations that it takes up
	state      *approval.State // of a founding: what it was made upon
	until      time.Time
	used       bool
}

var (
	errChallenge = fault.New(fault.Denied, "sign.challenge", "this took longer than five minutes, or was used already; try again")
	errBusy      = fault.New(fault.TooMany, "sign.busy", "the desk is very busy; try again in some minutes")
)

// enter keeps a visit and returns its cookie. Of one practice the visit that ends first makes room.
func (m *memory) enter(s *session, now time.Time) (string, error) {
	token := newToken()
	m.mu.Lock()
	defer m.mu.Unlock()
	var first [32]byte
	count := 0
	for hash, other := range m.visits {
		if !now.Before(other.until) {
			delete(m.visits, hash)
			continue
		}
		if other.practice == s.practice {
			if count == 0 || other.until.Before(m.visits[first].until) {
				first = hash
			}
			count++
		}
	}
	if count >= mostOfOne {
		delete(m.visits, first)
	}
	if len(m.visits) >= mostVisits {
		return "", errBusy
	}
	m.visits[sha256.Sum256([]byte(token))] = s
	return token, nil
}

// find returns the visit of a cookie, nil when there is none or it is over.
func (m *memory) find(token string, now time.Time) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.visits[sha256.Sum256([]byte(token))]
	if s == nil || !now.Before(s.until) {
		return nil
	}
	return s
}

func (m *memory) leave(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.visits, sha256.Sum256([]byte(token)))
}

// endKey ends every visit of a key.
func (m *memory) endKey(practice store.PracticeID, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for hash, s := range m.visits {
		if s.practice == practice && s.key == key {
			delete(m.visits, hash)
		}
	}
}

func newToken() string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// keep remembers a sheet of this visit.
func (s *session) keep(made *sheet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sheets) >= mostSheets {
		s.sheets = s.sheets[1:]
	}
	s.sheets = append(s.sheets, made)
}

// sheet finds a sheet of this visit.
func (s *session) sheet(id string) *sheet {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range s.sheets {
		if each.id == id {
			return each
		}
	}
	return nil
}

// take uses a sheet up, once.
func (s *session) take(id string, now time.Time) (*sheet, error) {
	found := s.sheet(id)
	if found == nil {
		return nil, errChallenge
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found.used || !now.Before(found.until) {
		return nil, errChallenge
	}
	found.used = true
	return found, nil
}
