package sign

import (
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"letterhead/sign/show"
)

// The one style sheet and the one script; their addresses change with their content, so that browsers may keep them.
//
//go:embed page.css
var css []byte

//go:embed page.js
var script []byte

var (
	stylePath  = "/desk/" + fingerprint(css) + ".css"
	scriptPath = "/desk/" + fingerprint(script) + ".js"
	scriptHash = integrity(script)
)

func fingerprint(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}

// integrity is what the page says that the script is (SRI §3.1).
func integrity(raw []byte) string {
	sum := sha512.Sum384(raw)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// frame is what stands around every page.
type frame struct {
	Title, House, Desk, Nonce string
	Member                    string // who unlocked; "" for nobody
	Home                      string // the practice's address; "" without one
	Origin                    string // of the desk
	Founding                  bool
}

func frameOf(d *desk, v *visit, title string) frame {
	if v.nonce == "" {
		v.nonce = newNonce()
	}
	f := frame{Title: title, Desk: d.host, Origin: d.party.Origin, Nonce: v.nonce, House: v.house.Name}
	if v.house.ID != "" {
		f.Home = v.path("")
	}
	if v.session != nil {
		f.Member, f.Founding = v.name(v.session.member), v.session.founding != nil
	}
	return f
}

func (d *desk) style(*visit) (answer, error) {
	return answer{status: http.StatusOK, raw: css, kind: "text/css; charset=utf-8", keep: true}, nil
}

func (d *desk) script(*visit) (answer, error) {
	return answer{status: http.StatusOK, raw: script, kind: "text/javascript; charset=utf-8", keep: true}, nil
}

func (d *desk) nothing(*visit) (answer, error) { return answer{}, errNothing }

func (d *desk) front(v *visit) (answer, error) {
	return answer{status: http.StatusOK, page: front(frameOf(d, v, "Signing desk"))}, nil
}

func (d *desk) firstPage(v *visit) (answer, error) {
	return answer{status: http.StatusOK, page: firstKey(frameOf(d, v, "Make the first signing key"))}, nil
}

func (d *desk) joinPage(v *visit) (answer, error) {
	return answer{status: http.StatusOK, page: joining(frameOf(d, v, "Make your signing key"))}, nil
}

func (d *desk) recoverPage(v *visit) (answer, error) {
	return answer{status: http.StatusOK, page: recovering(frameOf(d, v, "Use a recovery sheet"))}, nil
}

// steps say on the way to a statement's effect who signed and what comes.
func (i *item) steps() []step {
	var out []step
	for _, name := range i.Signed {
		out = append(out, step{name + " signed", "good"})
	}
	out = append(out, step{"You", "you"})
	if i.Need.Second && len(i.Signed) == 0 {
		then := "then a second member"
		if i.Need.Owner {
			then += "; one of the two an owner"
		}
		out = append(out, step{then, ""})
	}
	if i.Need.Wait > 0 {
		out = append(out, step{"counts after " + wait(i.Need.Wait), ""})
	}
	return out
}

type step struct{ Say, Class string }

func wait(d time.Duration) string {
	if d >= 2*time.Hour {
		return strconv.Itoa(int(d/time.Hour)) + " hours"
	}
	return strconv.Itoa(int(d/time.Minute)) + " minutes"
}

// what is the digest that somebody may compare, in groups.
func (i *item) what() string {
	return show.Digest(i.Statement.Digest)
}

func (i *item) preview(home string, language, example int) string {
	return home + "/preview/" + i.ID + "/" + strconv.Itoa(language) + "/" + strconv.Itoa(example)
}

func parts(n int) string {
	if n == 1 {
		return "1 part"
	}
	return strconv.Itoa(n) + " parts"
}
