// Package challenge makes what keys are asked to answer, and counts who fails.
//
// A challenge is for one purpose at one practice, is answered once, and is good for five minutes in the process that made it. Nothing is kept of one
// that is not answered, so that what strangers ask for costs no memory; answered ones are kept until they are too old anyway. Failures are counted
// by network address, in bounded memory that forgets rather than refuses.
package challenge

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"letterhead/store"
)

// The rules, in one place.
const (
	Size = 32 // bytes
	Life = 5 * time.Minute

	mostSpent = 65536
)

// Maker makes challenges. It is safe for concurrent use.
type Maker struct {
	key [32]byte // another one in every process

	mu    sync.Mutex
	spent map[[Size]byte]time.Time
}

// NewMaker returns one with a key of its own.
func NewMaker() *Maker {
	m := &Maker{spent: map[[Size]byte]time.Time{}}
	_, _ = rand.Read(m.key[:]) // never fails (crypto/rand)
	return m
}

// The layout of a challenge: random, time, MAC.
const (
	randomSize = 12
	timeSize   = 4
	macSize    = Size - randomSize - timeSize
)

// New makes one for a purpose at a practice. Nothing is kept of it: its end says that it is ours. (One that is kept would let strangers
// fill the memory, and with it lock people out.)
func (m *Maker) New(purpose string, practice store.PracticeID, now time.Time) (c [Size]byte) {
	_, _ = rand.Read(c[:randomSize])
	binary.BigEndian.PutUint32(c[randomSize:], uint32(now.Unix()))
	copy(c[randomSize+timeSize:], m.mac(c, purpose, practice))
	return c
}

func (m *Maker) mac(c [Size]byte, purpose string, practice store.PracticeID) []byte {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write(c[:randomSize+timeSize])
	mac.Write([]byte(purpose + "\n" + string(practice)))
	return mac.Sum(nil)[:macSize]
}

// Fresh tells whether a challenge is ours, for this purpose and practice, young, and not answered yet.
func (m *Maker) Fresh(c [Size]byte, purpose string, practice store.PracticeID, now time.Time) bool {
	made := time.Unix(int64(binary.BigEndian.Uint32(c[randomSize:])), 0)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, spent := m.spent[c]
	return hmac.Equal(c[randomSize+timeSize:], m.mac(c, purpose, practice)) && !now.Before(made.Add(-time.Second)) && now.Before(made.Add(Life)) && !spent
}

// Spend uses a challenge up whose answer held; false when somebody was first.
func (m *Maker) Spend(c [Size]byte, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, spent := m.spent[c]; spent {
		return false
	}
	for old, at := range m.spent {
		if now.Sub(at) > Life+time.Minute {
			delete(m.spent, old)
		}
	}
	if len(m.spent) >= mostSpent {
		return false
	}
	m.spent[c] = now
	return true
}
