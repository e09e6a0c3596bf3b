// Package entrance is the demonstration's way in: a link on the terminal that signs the sample owner in, once. The next one is printed when it is
// used. Package app makes one only where the root is marked demo, which listens on loopback and hands off to loopback.
package entrance

import (
	"crypto/subtle"
	"fmt"
	"io"
	"sync"

	"letterhead/fault"
	"letterhead/guard"
	"letterhead/guard/secret"
	"letterhead/store"
	"letterhead/web/page"
)

// Entrance is the link that works now. It is safe for concurrent use.
type Entrance struct {
	practice store.PracticeID
	address  string // where the pages are
	said     io.Writer

	mu    sync.Mutex
	token string
}

// New is the entrance to a practice whose pages are at an address of this machine.
func New(practice store.PracticeID, address string, said io.Writer) *Entrance {
	return &Entrance{practice: practice, address: address, said: said, token: secret.NewToken()}
}

// Link is what to open.
func (e *Entrance) Link() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.address + "enter/" + e.token
}

// use uses the token up, if it is this one.
func (e *Entrance) use(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(token), []byte(e.token)) != 1 {
		return false
	}
	e.token = secret.NewToken()
	return true
}

// Route is where the link leads.
func (e *Entrance) Route() page.Route {
	return page.Open("GET /enter/{token}", "signs the sample owner in, in the demonstration alone", e.enter)
}

func (e *Entrance) enter(v *page.Visit) (page.Answer, error) {
	if !e.use(v.Path("token")) {
		if v.Session.ID != "" { // the link that this browser came by, pressed again
			return page.Go("/")
		}
		return page.Answer{}, fault.New(fault.NotFound, "demo.link", "this link was used; the terminal shows the next one")
	}
	ctx := v.Context()
	var owner guard.Member
	err := v.DB.View(ctx, store.Actor{Practice: e.practice, Agent: "demo"}, func(tx *store.Tx) (err error) {
		owner, err = guard.OwnerOf(ctx, tx)
		return err
	})
	if err != nil {
		return page.Answer{}, err
	}
	proof, err := v.Door.Vouch(ctx, e.practice, owner.ID)
	if err != nil {
		return page.Answer{}, err
	}
	token, err := v.Door.Enter(ctx, proof, e.practice, v.Browser, v.Token)
	if err != nil {
		return page.Answer{}, err
	}
	fmt.Fprintf(e.said, "Signed in. In another browser: %s\n", e.Link())
	known := v.Door.Remembered(v.Browser, proof.Email)
	answer, err := page.Go("/")
	answer.Enter, answer.Known = token, &known
	return answer, err
}
