package public

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording/code"
)

// Verdict is what can be said of a mail.
type Verdict int

// The verdicts.
const (
	NotOurs Verdict = iota
	Withdrawn
	Compare
	Genuine
	Erased // it was sent, and what it said is erased
)

// Shown is what somebody shows of a mail: its source, or the words that they see.
type Shown struct {
	Mail  []byte
	Words string
}

// Checked is the answer. It says nothing of who got the mail.
type Checked struct {
	Verdict             Verdict
	Name, Phone, Accent string // of the practice, as the signed version has them
	At                  time.Time
	Hosts               []string // that links lead to
	Disowned            bool     // of Withdrawn: the practice says that it did not write this
	WordsOnly           bool     // of Genuine: the words are, where links lead was not shown
	Older               bool     // it was laid out in another way than mails are today: what a mail program changed cannot be told from what somebody did
}

// Checks knows the messages.
type Checks interface {
	// Ask tells what is known of a mail of one practice, or of any ("").
	Ask(ctx context.Context, practice store.PracticeID, c code.Code, shown Shown) (Checked, error)
	// Clinic is the practice of a label; a fault of kind NotFound where there is none.
	Clinic(ctx context.Context, label string) (Clinic, error)
}

// Clinic is a practice on its own page of questions.
type Clinic struct {
	Practice     store.PracticeID
	Label        string // its page is checkPath/Label
	Name, Accent string
}

func (c Clinic) path() string {
	if c.Label == "" {
		return checkPath
	}
	return checkPath + "/" + c.Label
}

func (c Clinic) letterhead() letterhead { return letterhead{Name: c.Name, Accent: c.Accent} }

// clinic is whose page it is: a practice's own, or everybody's.
func (s *server) clinic(r *http.Request) (c Clinic, err error) {
	label := r.PathValue("label")
	if label == "" {
		return c, nil
	}
	if s.Checks == nil {
		return c, fault.New(fault.NotFound, "public.clinic", "there is no such practice")
	}
	if c, err = s.Checks.Clinic(r.Context(), label); !colour.MatchString(c.Accent) {
		c.Accent = plainAccent
	}
	return c, err
}

// nowhere is the answer under a label that no practice has.
func nowhere(err error) answer {
	if f := fault.As(err); f != nil && f.Kind == fault.NotFound {
		return answer{status: http.StatusNotFound, page: notFound()}
	}
	return trouble(err)
}

const plainAccent = "#1f4e79"

const (
	checkPath = "/check"
	maxMail   = 2 << 20 // bytes of a mail that is shown
	maxWords  = 64 << 10
	// A place asks at most this often in a minute; all together too, before each place has but one question a minute.
	askPlace, askAll = 10, 600
)

// checkForm shows the form.
func (s *server) checkForm(r *http.Request) answer {
	of, err := s.clinic(r)
	if err != nil {
		return nowhere(err)
	}
	return answer{status: http.StatusOK, page: checking(of, "")}
}

// check answers. What was typed is not shown again, nor written anywhere.
func (s *server) check(r *http.Request) answer {
	begun := time.Now()
	if at, now := place(s.Address(r)), s.DB.Now(); !s.asks.allow(at, now) || !s.asksAll.allow("", now) && !s.asksScarce.allow(at, now) {
		a := tooMany()
		a.raw, a.page = nil, checking(Clinic{}, "You asked often. Wait a minute, then try again; or ring the practice.")
		return a
	}
	of, err := s.clinic(r)
	if err != nil {
		return nowhere(err)
	}
	shown, c, wrong := readCheck(r)
	if wrong != "" {
		return answer{status: http.StatusUnprocessableEntity, page: checking(of, wrong)}
	}
	if s.Checks == nil {
		return answer{status: http.StatusServiceUnavailable, page: failed()}
	}
	said, err := s.Checks.Ask(r.Context(), of.Practice, c, shown)
	s.evenly(r.Context(), begun)
	if err != nil {
		return trouble(err)
	}
	if !colour.MatchString(said.Accent) {
		said.Accent = plainAccent
	}
	return answer{status: http.StatusOK, page: checked(of, said, len(shown.Mail) > 0 || shown.Words != "")}
}

// evenly lets answers take the same time, whether there is such a code or not.
func (s *server) evenly(ctx context.Context, begun time.Time) {
	timer := time.NewTimer(s.Evenly - time.Since(begun))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func readCheck(r *http.Request) (shown Shown, c code.Code, wrong string) {
	const large = "That is more than 2 MB. Paste the words of the message instead."
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(maxMail); err != nil {
			return shown, c, large
		}
		defer func() { _ = r.MultipartForm.RemoveAll() }()
		if file, _, err := r.FormFile("mail"); err == nil {
			defer file.Close()
			if shown.Mail, err = io.ReadAll(io.LimitReader(file, maxMail)); err != nil {
				return shown, c, large
			}
		}
	} else if err := r.ParseForm(); err != nil {
		return shown, c, large
	}
	c, ok := code.Parse(r.PostForm.Get("code"))
	if !ok {
		return shown, c, "That is not a code. It has 10 letters and digits, such as K7QF-3M9P-XD, and stands at the end of our mails."
	}
	if shown.Words = r.PostForm.Get("words"); len(shown.Words) > maxWords {
		return shown, c, "Those are too many words. Paste the words of one message."
	}
	if head, _, is := strings.Cut(strings.ReplaceAll(shown.Words, "\r\n", "\n"), "\n\n"); is && len(shown.Mail) == 0 && strings.Contains("\n"+head, "\nDKIM-Signature:") {
		shown.Mail, shown.Words = []byte(shown.Words), ""
	}
	return shown, c, ""
}

func (c Checked) day() string { return c.At.UTC().Format("Monday 2 January 2006") }

func (c Checked) letterhead() letterhead {
	return letterhead{Name: c.Name, Phone: c.Phone, Accent: c.Accent}
}
