package sink

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// SMSOptions of an SMS gateway sink.
type SMSOptions struct {
	Address     string // 127.0.0.1:0 when empty
	Bearer      string // required as "Authorization: Bearer …" when not empty
	Secret      []byte // the request's signature is required when not empty
	MaxMessages int    // kept; 10,000
	MaxBytes    int    // kept; 64 MiB
	// Answer, if given, may answer a request itself; true says that it did.
	Answer func(w http.ResponseWriter, text Text) bool
}

// Text is one SMS that the sink was given, in the form that courier/sms documents.
type Text struct {
	ID       int       `json:"-"` // 1 for the first
	At       time.Time `json:"-"`
	Provider string    `json:"-"` // the id the sink answered with
	Key      string    `json:"id"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Text     string    `json:"text"`
}

// SMS is a running SMS gateway sink: POST / with a Text as JSON, answered by {"id": "…"}. The same Idempotency-Key again
// gets the same answer and counts as a repeat, not as a message.
type SMS struct {
	options  SMSOptions
	server   *http.Server
	listener net.Listener
	shelf    *shelf[Text]

	mu      sync.Mutex
	known   map[string]string // idempotency key to provider id
	repeats int
	done    chan struct{}
}

// maxKnown bounds the idempotency keys kept.
const maxKnown = 200_000

// ListenSMS starts a gateway sink on loopback.
func ListenSMS(options SMSOptions) (*SMS, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	listener, err := listenLocal(options.Address)
	if err != nil {
		return nil, err
	}
	s := &SMS{options: options, listener: listener, shelf: newShelf[Text](options.MaxMessages, options.MaxBytes), known: map[string]string{}, done: make(chan struct{})}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener)
	}()
	return s, nil
}

// URL is where to POST.
func (s *SMS) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Count is how many messages came, repeats not counted.
func (s *SMS) Count() int { count, _ := s.shelf.totals(); return count }

// Repeats is how often a message came again under the same key.
func (s *SMS) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repeats
}

// List gives the messages still kept, oldest first.
func (s *SMS) List() []Text { return s.shelf.list() }

// Get gives one message, if it is still kept.
func (s *SMS) Get(id int) (Text, bool) { return s.shelf.get(id) }

// Wait returns when so many messages have come since the start.
func (s *SMS) Wait(ctx context.Context, count int) error { return s.shelf.wait(ctx, count) }

// Close stops the sink.
func (s *SMS) Close() error {
	err := s.server.Close()
	<-s.done
	return err
}

func (s *SMS) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, `{"error":"the body is too long or was cut off"}`, http.StatusRequestEntityTooLarge)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, `{"error":"POST only"}`, http.StatusMethodNotAllowed)
		return
	}
	if err := s.authorise(r, body); err != nil {
		http.Error(w, fmt.Sprintf(`{"error":%q}`, err), http.StatusUnauthorized)
		return
	}
	var text Text
	if err := json.Unmarshal(body, &text); err != nil || text.To == "" || text.Text == "" || text.From == "" {
		http.Error(w, `{"error":"to, from and text are needed"}`, http.StatusUnprocessableEntity)
		return
	}
	if s.options.Answer != nil && s.options.Answer(w, text) {
		return
	}
	provider := s.keep(r.Header.Get("Idempotency-Key"), text)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": provider})
}

// keep stores a message once for each key and gives its provider id.
func (s *SMS) keep(key string, text Text) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if provider, ok := s.known[key]; ok && key != "" {
		s.repeats++
		return provider
	}
	text.At = time.Now()
	s.shelf.put(len(text.Text)+len(text.To), func(id int) Text {
		text.ID, text.Provider = id, "sink-"+strconv.Itoa(id)
		return text
	})
	if len(s.known) < maxKnown {
		s.known[key] = "sink-" + strconv.Itoa(s.Count())
	}
	return "sink-" + strconv.Itoa(s.Count())
}

// authorise checks the bearer token and the signature "t=<unix>,v1=<hex>" over "<unix>.<body>".
func (s *SMS) authorise(r *http.Request, body []byte) error {
	if s.options.Bearer != "" && r.Header.Get("Authorization") != "Bearer "+s.options.Bearer {
		return errors.New("wrong bearer token")
	}
	if len(s.options.Secret) == 0 {
		return nil
	}
	stamp, sum, ok := strings.Cut(r.Header.Get("Letterhead-Signature"), ",v1=")
	stamp, stamped := strings.CutPrefix(stamp, "t=")
	given, err := hex.DecodeString(sum)
	if !ok || !stamped || err != nil {
		return errors.New("no signature")
	}
	mac := hmac.New(sha256.New, s.options.Secret)
	mac.Write([]byte(stamp + "." + string(body)))
	if !hmac.Equal(mac.Sum(nil), given) {
		return errors.New("wrong signature")
	}
	return nil
}
