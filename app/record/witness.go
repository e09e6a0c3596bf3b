package record

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"letterhead/fault"
	"letterhead/ledger"
	"letterhead/ledger/proof"
	"letterhead/ledger/witness"
	"letterhead/store"
)

func witnessCommand() Command {
	var folder, listen, name, audit string
	var logs many
	return Command{
		Name: "witness", Summary: "watch a log from outside: remember what it signed, sign what has grown out of that, refuse and keep what has not",
		Examples: []string{"witness --folder witness --name witness.example/w1 --log-key KEY --listen 127.0.0.1:8791", "witness --folder audit --name audit.example/a1 --log-key KEY --audit entries.txt"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&folder, "folder", "letterhead-witness", "the witness's own `folder`, with its key and what it has seen")
			f.StringVar(&name, "name", "", "the witness's `name`, such as witness.example/w1, when its key is made")
			f.Var(&logs, "log-key", "the verifier `key` of a log to watch; may be given more than once")
			f.StringVar(&listen, "listen", "127.0.0.1:8791", "the `address` to answer at, behind whatever gives it TLS")
			f.StringVar(&audit, "audit", "", "a `file` of all entries of the one log: work its counts out again and print the signature. Use a folder, and so a key, for audits alone")
		},
		Run: func(ctx context.Context, c Call) error {
			w, known, err := openWitness(c, folder, name, logs)
			if err != nil {
				return err
			}
			defer w.Close()
			if audit != "" {
				return auditFile(c, w, known, audit)
			}
			return serve(ctx, c, w, listen)
		},
	}
}

func openWitness(c Call, folder, name string, logs []string) (*witness.Witness, []proof.LogKey, error) {
	var known []proof.LogKey
	for _, text := range logs {
		v, err := proof.ParseLogKey(text)
		if err != nil {
			return nil, nil, fault.Field("--log-key", "witness.log_key", "give the log's verifier key: name+hash+key").With(err)
		}
		known = append(known, v)
	}
	if len(known) == 0 {
		return nil, nil, fault.Field("--log-key", "flag.missing", "is needed; see --help")
	}
	key, err := witnessKey(folder, name)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(c.Errs, "This witness's key, for whoever verifies:\n\n  %s\n\n", key)
	w, err := witness.Open(folder, key, func(f witness.Fork) {
		fmt.Fprintf(c.Errs, "FORK of %s: %s. Both signed states are kept in %s; show them to the practices concerned.\n", f.Origin, f.Why, folder)
	}, known...)
	return w, known, err
}

// witnessKey reads the key of a folder, or makes it there when a name is given.
func witnessKey(folder, name string) (*proof.Cosigner, error) {
	file := filepath.Join(folder, "witness.key")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if name == "" {
			return nil, fault.Field("--name", "witness.name", "this folder has no key yet: give the name that it is made for, such as witness.example/w1")
		}
		secret, err := proof.GenerateCosigner(name)
		if err != nil {
			return nil, fault.Field("--name", "witness.name", "give a name such as witness.example/w1, without spaces and plus signs").With(err)
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		raw = []byte(secret)
		made, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		_, err = made.Write(append(raw, '\n'))
		if err = errors.Join(err, made.Sync(), made.Close()); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, fmt.Errorf("read the witness's key: %w", err)
	}
	key, err := proof.OpenCosigner(strings.TrimSpace(string(raw)), time.Now)
	if err == nil && name != "" && key.Name() != name {
		return nil, fault.Field("--name", "witness.name", "this folder's key is made for %s", key.Name())
	}
	return key, err
}

func auditFile(c Call, w *witness.Witness, known []proof.LogKey, name string) error {
	if len(known) != 1 {
		return fault.Field("--log-key", "witness.audit", "an audit is of one log")
	}
	file, err := os.Open(name)
	if err != nil {
		return fault.Field("--audit", "witness.audit", "the file cannot be read").With(err)
	}
	defer file.Close()
	point, line, err := w.Audit(file, known[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Errs, "The counts of %d practices and the platform are those of the %d leaves of checkpoint %s. The signature, for the log's operator:\n\n", point.Counts, point.Size, point.Origin)
	fmt.Fprint(c.Out, line)
	return nil
}

// Handler answers add-checkpoint.
func Handler(w *witness.Witness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(out http.ResponseWriter, in *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(out, in.Body, witness.MaxRequest))
		if err != nil {
			http.Error(out, "the request is too long, or broke off", http.StatusRequestEntityTooLarge)
			return
		}
		a := w.AddCheckpoint(raw)
		out.Header().Set("Content-Type", a.Type)
		out.WriteHeader(a.Status)
		_, _ = io.WriteString(out, a.Body) // whoever asked may have gone
	})
	return mux
}

func serve(ctx context.Context, c Call, w *witness.Witness, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fault.Field("--listen", "witness.listen", "this address cannot be listened at").With(err)
	}
	fmt.Fprintf(c.Errs, "Witness at http://%s\n", listener.Addr())
	server := &http.Server{Handler: Handler(w), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(end)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Witness is one that the log asks.
type Witness struct {
	URL string
	Key *proof.Cosigner
}

// ErrFork is returned when a witness has seen another history than this database has. Nothing is sent to many until somebody has looked at it; what
// one witness says is no reason to keep everybody's reminders back.
var ErrFork = fault.New(fault.Unavailable, "ledger.fork", "a witness has seen another history of the record of messages than the database has")

// Ask shows a witness the last checkpoint, with the proof that the log grew out of what it saw last, and keeps its signature. It is one try of at most
// ten seconds.
func Ask(ctx context.Context, client *http.Client, db *store.DB, log proof.LogKey, by Witness) error {
	var raw string
	var old, signed int64
	err := db.WholeView(ctx, "read the last checkpoint for a witness", func(w *store.Wide) (err error) {
		if raw, err = ledger.Latest(ctx, w, log.Name(), proof.MaxSize); err == nil {
			old, err = ledger.Asked(ctx, w, log.Name(), by.Key)
		}
		signed = old
		return err
	})
	if errors.Is(err, store.ErrNone) { // nothing was ever put into this log
		return nil
	}
	if err != nil {
		return err
	}
	point, err := proof.OpenCheckpoint([]byte(raw), log)
	if err != nil {
		return ledger.ErrDamaged.With(err)
	}
	if signed == point.Size {
		return nil
	}
	for range 2 { // a second time with the size that it says
		again, err := ask(ctx, client, db, log, by, point, old)
		if err != nil || again < 0 {
			return err
		}
		old = again
	}
	return ErrFork.With(errors.New("it has seen more than this log has"))
}

// ask asks once, and returns the size from which the witness wants to be shown, or -1 when it has signed.
func ask(ctx context.Context, client *http.Client, db *store.DB, log proof.LogKey, by Witness, point *proof.Signed, old int64) (int64, error) {
	if old > point.Size {
		return 0, ErrFork.With(fmt.Errorf("it has seen %d leaves, the checkpoint is over %d", old, point.Size))
	}
	r := witness.Request{Old: old, Note: point.Note}
	err := db.WholeView(ctx, "prove to a witness how the log grew", func(w *store.Wide) (err error) {
		r.Proof, err = ledger.ProveGrowth(ctx, w, point.Size, old)
		return err
	})
	if err != nil {
		return 0, err
	}
	status, kind, body, err := post(ctx, client, by.URL, r.String())
	switch {
	case err != nil:
		return 0, err
	case status == http.StatusOK:
		return -1, db.Whole(ctx, "keep a cosignature", func(w *store.Wide) error { return ledger.KeepCosignature(ctx, w, log, point.Note, body, by.Key) })
	case status == http.StatusConflict && kind == "text/x.tlog.size":
		size, err := strconv.ParseInt(strings.TrimSuffix(body, "\n"), 10, 64)
		if err != nil || size < 0 || size == old {
			return 0, ErrFork.With(fmt.Errorf("it answers %q to a checkpoint over %d leaves", body, point.Size))
		}
		return size, nil
	case status == http.StatusUnprocessableEntity:
		return 0, ErrFork.With(fmt.Errorf("it answers %d", status))
	}
	return 0, fault.New(fault.Unavailable, "witness.answer", "a witness does not sign now").With(fmt.Errorf("it answers %d", status))
}

func post(ctx context.Context, client *http.Client, url, body string) (status int, kind, answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/add-checkpoint", strings.NewReader(body))
	if err != nil {
		return 0, "", "", fault.Field("witness", "witness.url", "a witness's address cannot be read").With(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", "", fault.New(fault.Unavailable, "witness.reach", "a witness cannot be reached").With(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, proof.MaxNote))
	return response.StatusCode, response.Header.Get("Content-Type"), string(raw), err
}
