package app

import (
	"context"
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

// entrance is the demonstration's way in: a link on the terminal that signs the sample owner in, once. The next one is printed when it is used.
// There is none but on a root that is marked demo, which listens on loopback and hands off to loopback.
type entrance struct {
	practice store.PracticeID
	address  string // where the pages are
	said     io.Writer

	mu    sync.Mutex
	token string
}

func newEntrance(practice store.PracticeID, address string, said io.Writer) *entrance {
	return &entrance{practice: practice, address: address, said: said, token: secret.NewToken()}
}

func (e *entrance) link() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.address + "enter/" + e.token
}

// use uses the token up, if it is this one.
func (e *entrance) use(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(token), []byte(e.token)) != 1 {
		return false
	}
	e.token = secret.NewToken()
	return true
}

func (e *entrance) route() page.Route {
	return page.Open("GET /enter/{token}", "signs the sample owner in, in the demonstration alone", e.enter)
}

func (e *entrance) enter(v *page.Visit) (page.Answer, error) {
	if !e.use(v.Path("token")) {
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
	fmt.Fprintf(e.said, "Signed in. In another browser: %s\n", e.link())
	known := v.Door.Remembered(v.Browser, proof.Email)
	answer, err := page.Go("/")
	answer.Enter, answer.Known = token, &known
	return answer, err
}

// door is where people come in, at the addresses under which the pages are reached.
func (i *installation) door(port string) (*guard.Door, error) {
	party, origins := i.config.party(port)
	return guard.NewDoor(i.db, i.keeper, party, origins...)
}

// commandDoor makes invitations; nobody comes in by it.
func (i *installation) commandDoor() (*guard.Door, error) { return i.door("") }

// invite makes a member's link.
func (i *installation) invite(ctx context.Context, tx *store.Tx, id store.MemberID) (string, error) {
	door, err := i.commandDoor()
	if err != nil {
		return "", err
	}
	token, err := door.Invite(ctx, tx, id)
	return i.config.PublicURL + "/invitation/" + token, err
}
