package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"letterhead/rehearse/recorded"
	"letterhead/store"
	"letterhead/testkit"
	"letterhead/testkit/bare"
)

// The targets of the record of messages.
const (
	leafWork     = 15   // µs of CPU a message
	proofMost    = 2000 // bytes
	storedMost   = 3000 // bytes a message
	verifyMost   = 20   // s
	verifyMemory = 200  // MB
	ofOneCourier = 1.6  // that two couriers send, on PostgreSQL
	leafBatch    = 200  // as many as the courier takes
)

// recordOf takes the figures of the record of messages.
func (b *bench) recordOf(ctx context.Context, engine testkit.Engine) error {
	for _, practices := range []int{1, 100} {
		if err := b.leaves(ctx, engine, practices); err != nil {
			return err
		}
	}
	if engine == testkit.SQLite {
		if err := b.evidence(ctx); err != nil {
			return err
		}
	}
	return b.storage(ctx, engine)
}

// record opens a log of so many practices in a database of its own, and returns the CPU that PostgreSQL took meanwhile.
func (b *bench) record(ctx context.Context, engine testkit.Engine, practices int, do func(*world, *recorded.Log) error) (server time.Duration, err error) {
	w := b.newWorld(engine)
	if err := w.make(ctx); err != nil {
		return 0, err
	}
	defer closing(&err, w.remove)
	before := b.rested(w)
	err = w.open(ctx, b.noon.ten, func(o Opened) error {
		names := make([]store.PracticeID, practices)
		for i := range names {
			names[i] = store.PracticeID(fmt.Sprintf("0198f000-0000-7000-8000-%012d", i))
		}
		log, err := recorded.New(ctx, o.Database(), w.folder, "0198f000-0000-7000-8000-0000000000ff", names...)
		if err != nil {
			return err
		}
		return do(w, log)
	})
	return b.rested(w) - before, err
}

// rested is the CPU that PostgreSQL has used, once the server has counted the backends that ended.
func (b *bench) rested(w *world) time.Duration {
	if w.database != "" {
		time.Sleep(300 * time.Millisecond)
	}
	return b.databaseCPU(w)
}

// leaves is what putting a message on record costs beside the transaction that it is in, which marks messages too.
func (b *bench) leaves(ctx context.Context, engine testkit.Engine, practices int) error {
	batches, with, empty := max(2, b.one/leafBatch), 0.0, 0.0
	server, err := b.record(ctx, engine, practices, func(_ *world, log *recorded.Log) error {
		work := func(size int) (float64, error) {
			before, err := recorded.CPU()
			if err != nil {
				return 0, err
			}
			for range batches {
				if err := log.Batch(ctx, size); err != nil {
					return 0, err
				}
			}
			after, err := recorded.CPU()
			return micro(after-before, batches*leafBatch), err
		}
		if _, err := work(leafBatch); err != nil { // statements are prepared, pages are there
			return err
		}
		var err error
		if with, err = work(leafBatch); err == nil {
			empty, err = work(0)
		}
		return err
	})
	if err != nil {
		return err
	}
	note := fmt.Sprintf("batches of %d with commitments; %.1f with the transaction itself", leafBatch, with)
	if server > 0 {
		note += fmt.Sprintf("; PostgreSQL %.1f beside", micro(server, 2*batches*leafBatch))
	}
	if name := fmt.Sprintf("put a message on record, %d practices in a batch", practices); practices > 1 {
		b.say(name, engine, with-empty, "µs CPU/message", note)
	} else {
		b.atMost(name, engine, with-empty, "µs CPU/message", leafWork, note)
	}
	return nil
}

// evidence is one practice's half of a log, written and verified by the program in a process of its own.
func (b *bench) evidence(ctx context.Context) error {
	_, err := b.record(ctx, testkit.SQLite, 2, func(w *world, log *recorded.Log) error {
		for range b.memory / leafBatch {
			if err := log.Batch(ctx, leafBatch); err != nil {
				return err
			}
		}
		name := filepath.Join(w.folder, "evidence.txt")
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		start := time.Now()
		root, key, err := log.Evidence(ctx, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		wrote := time.Since(start)
		u, err := b.runChild(ctx, w.folder, "verify", name, "--root", root, "--log-key", key, "--json")
		if err != nil {
			return err
		}
		var said struct{ Report struct{ Messages int } }
		if err := json.Unmarshal(u.out, &said); err != nil || said.Report.Messages != b.memory/2 {
			return errors.Join(err, fmt.Errorf("%d messages verified instead of %d: %.300s", said.Report.Messages, b.memory/2, u.out))
		}
		what := fmt.Sprintf("verify %d messages of a log of %d", b.memory/2, b.memory)
		b.atMost(what, "", u.elapsed.Seconds(), "s", verifyMost, fmt.Sprintf("letterhead verify, start to end; the file took %.1f s to write", wrote.Seconds()))
		b.atMost(what+": memory", "", float64(u.memory)/1e6, "MB", verifyMemory, "VmHWM")
		length, err := log.Proof(ctx)
		b.atMost(fmt.Sprintf("inclusion proof in a log of %d", b.memory), "", float64(length), "bytes", proofMost, "32 more each time the log doubles: 960 of 2^30")
		return err
	})
	return err
}

// storage is what messages take in the database once they have left.
func (b *bench) storage(ctx context.Context, engine testkit.Engine) (err error) {
	queued, err := b.queued(ctx, engine, false)
	if err != nil {
		return err
	}
	w, err := queued.copy()
	if err != nil {
		return err
	}
	defer closing(&err, w.remove)
	if _, err := b.tickAll(ctx, w, 1); err != nil {
		return err
	}
	return w.whole(ctx, func(x *store.Wide) error {
		bytes, n, err := recorded.Stored(ctx, x, w.database != "")
		b.atMost("stored of a message that was sent, with timeline and leaf", engine, float64(bytes)/float64(max(1, n)), "bytes", storedMost, fmt.Sprintf("%d messages, with indexes, without what is sealed", n))
		return err
	})
}

// tickAll has so many couriers at once send what is queued, and returns how long that took.
func (b *bench) tickAll(ctx context.Context, w *world, couriers int) (took time.Duration, err error) {
	s, address, done, err := b.relay(ctx, variant{means: bare.Chunking})
	if err != nil {
		return 0, err
	}
	defer closing(&err, done)
	if err := errors.Join(w.sign(unsigned), w.configure(relayConfig{address: address, tls: "none"})); err != nil {
		return 0, err
	}
	start, all := time.Now(), make([]*child, couriers)
	for i := range all {
		if all[i], err = b.start(ctx, w.folder, "tick", "--json", "--at", b.noon.ten.Add(late).Format(time.RFC3339)); err != nil {
			return 0, err
		}
	}
	count := 0
	for _, c := range all {
		u, ended := c.wait()
		var did struct{ Sent int }
		err = errors.Join(err, ended, json.Unmarshal(u.out, &did))
		count += did.Sent
	}
	took = time.Since(start)
	if err == nil {
		_, err = expected(s, count)
	}
	return took, err
}

// two compares two couriers with one, of many practices.
func (b *bench) two(ctx context.Context, engine testkit.Engine) error {
	queued, err := b.queued(ctx, engine, true)
	if err != nil {
		return err
	}
	var took [2]time.Duration
	for i := range took {
		w, err := queued.copy()
		if err != nil {
			return err
		}
		took[i], err = b.tickAll(ctx, w, i+1)
		if err = errors.Join(err, w.remove()); err != nil {
			return err
		}
	}
	n := float64(b.practices * b.each)
	name, value, note := "two couriers", took[0].Seconds()/took[1].Seconds(), fmt.Sprintf("%.0f/s and %.0f/s of %d practices; they share this machine's cores with the database and the sink", n/took[0].Seconds(), n/took[1].Seconds(), b.practices)
	if engine == testkit.PostgreSQL {
		b.atLeast(name, engine, value, "of one", ofOneCourier, note)
	} else {
		b.say(name, engine, value, "of one", note)
	}
	return nil
}
