package sign

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"letterhead/approval"
	"letterhead/fault"
	"letterhead/store"
)

// The rules of visits, in one place.
const (
	visitLife         = 10 * time.Minute // after the last unlock
	foundingLife      = time.Hour        // the first key's: there is a sheet of paper to be written and a set to be read
	challengeLife     = 5 * time.Minute
	failuresPerMinute = 60

	mostVisits    = 4096 // of all practices
	mostOfOne     = 32   // of one
	mostSheets    = 8    // of one visit; beyond it, the oldest is forgotten
	mostComposed  = 40
	mostSpent     = 65536
	challengeSize = 32
)

// memory is what the desk knows until it ends: who is here, which challenges were answered. It is bounded, and what strangers can ask for takes
// no room in it.
type memory struct {
	key [32]byte // of challenges; another one in every process

	mu     sync.Mutex
	visits map[[32]byte]*session // by the hash of the cookie
	spent  map[[challengeSize]byte]time.Time
}

func newMemory() *memory {
	m := &memory{visits: map[[32]byte]*session{}, spent: map[[challengeSize]byte]time.Time{}}
	_, _ = rand.Read(m.key[:]) // never fails (crypto/rand)
	return m
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

// The layout of a challenge: random, time, MAC.
const (
	randomSize = 12
	timeSize   = 4
	macSize    = challengeSize - randomSize - timeSize
)

// challenge makes one for a purpose at a practice. Nothing is kept of it: its end says that it is ours. (One that is kept would let strangers
// fill the memory, and with it lock people out.)
func (m *memory) challenge(purpose string, practice store.PracticeID, now time.Time) (c [challengeSize]byte) {
	_, _ = rand.Read(c[:randomSize])
	binary.BigEndian.PutUint32(c[randomSize:], uint32(now.Unix()))
	copy(c[randomSize+timeSize:], m.mac(c, purpose, practice))
	return c
}

func (m *memory) mac(c [challengeSize]byte, purpose string, practice store.PracticeID) []byte {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write(c[:randomSize+timeSize])
	mac.Write([]byte(purpose + "\n" + string(practice)))
	return mac.Sum(nil)[:macSize]
}

// fresh tells whether a challenge is ours, for this purpose and practice, young, and not answered yet.
func (m *memory) fresh(c [challengeSize]byte, purpose string, practice store.PracticeID, now time.Time) bool {
	made := time.Unix(int64(binary.BigEndian.Uint32(c[randomSize:])), 0)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, spent := m.spent[c]
	return hmac.Equal(c[randomSize+timeSize:], m.mac(c, purpose, practice)) && !now.Before(made.Add(-time.Second)) && now.Before(made.Add(challengeLife)) && !spent
}

// spend uses a challenge up whose answer held; false when somebody was first.
func (m *memory) spend(c [challengeSize]byte, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, spent := m.spent[c]; spent {
		return false
	}
	for old, at := range m.spent {
		if now.Sub(at) > challengeLife+time.Minute {
			delete(m.spent, old)
		}
	}
	if len(m.spent) >= mostSpent {
		return false
	}
	m.spent[c] = now
	return true
}

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
