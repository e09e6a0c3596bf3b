package smtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"letterhead/courier/smtp"
	"letterhead/testkit/sink"
)

// count sends messages and counts the fates.
func count(ctx context.Context, pool *smtp.Pool, messages []smtp.Message) (map[smtp.Class]int, error) {
	counts := map[smtp.Class]int{}
	seen := map[int]int{}
	err := pool.Send(ctx, messages, smtp.Hooks{Done: func(place int, result smtp.Result) { counts[result.Class]++; seen[place]++ }})
	for _, times := range seen {
		if times != 1 {
			counts[0]++
		}
	}
	if len(seen) != len(messages) {
		counts[0]++
	}
	return counts, err
}

// TestRefusedConnections: an hour of a courier that asks every second and is always refused makes few attempts, ever
// further apart, and the first message goes out after the relay is back.
func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		back := false
		options := smtp.Options{Address: "relay.example:587", Security: smtp.Plain, Dial: func(context.Context, string, string) (net.Conn, error) {
			attempts = append(attempts, time.Now())
			if !back {
				return nil, errors.New("connection refused")
			}
			client, relay := net.Pipe()
			go simpleRelay(relay)
			return client, nil
		}}
		pool, err := smtp.NewPool(options, smtp.PoolOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		start := time.Now()
		for range 3600 {
			counts, err := count(t.Context(), pool, three())
			if err == nil || counts[smtp.NotBegun] != 3 || counts[0] != 0 {
				t.Fatalf("%v, %v", counts, err)
			}
			time.Sleep(time.Second)
		}
		if len(attempts) < 15 || len(attempts) > 40 {
			t.Errorf("%d attempts in an hour", len(attempts))
		}
		for i := 1; i < len(attempts); i++ {
			gap := attempts[i].Sub(attempts[i-1])
			if gap < 500*time.Millisecond || gap > 5*time.Minute+time.Second {
				t.Errorf("attempt %d came %v after the one before", i, gap)
			}
		}
		if last := attempts[len(attempts)-1].Sub(attempts[len(attempts)-2]); last < 150*time.Second {
			t.Errorf("the last gap is %v", last)
		}
		var waiting *smtp.BackoffError
		if _, err := count(t.Context(), pool, three()); !errors.As(err, &waiting) || waiting.Until != pool.Until() || waiting.Until.Before(start) {
			t.Errorf("error %v", err)
		}
		back = true
		time.Sleep(time.Until(pool.Until()))
		if counts, err := count(t.Context(), pool, three()); err != nil || counts[smtp.Accepted] != 3 {
			t.Errorf("after the relay is back: %v, %v", counts, err)
		}
		if stats := pool.Stats(); stats.Failures != 0 || stats.Dialled != 1 || stats.Open != 1 || stats.Idle != 1 {
			t.Errorf("stats %+v", stats)
		}
	})
}

// TestThousandRefused: a thousand senders at once make one attempt, and one more after the wait.
func TestThousandRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int64
		options := smtp.Options{Address: "relay.example:587", Dial: func(context.Context, string, string) (net.Conn, error) {
			attempts.Add(1)
			time.Sleep(10 * time.Millisecond)
			return nil, errors.New("connection refused")
		}}
		pool, err := smtp.NewPool(options, smtp.PoolOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for round := 1; round <= 5; round++ {
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() {
					if counts, err := count(t.Context(), pool, three()); err == nil || counts[smtp.NotBegun] != 3 {
						t.Errorf("%v, %v", counts, err)
					}
				})
			}
			all.Wait()
			if got := attempts.Load(); got > int64(10+round) {
				t.Errorf("%d attempts after %d rounds of 1,000", got, round)
			}
			time.Sleep(time.Until(pool.Until()))
		}
	})
}

// simpleRelay takes everything, for pipes inside a test bubble.
func simpleRelay(conn net.Conn) {
	defer conn.Close()
	server := sink.Script{Offers: []string{"PIPELINING"}}
	server.Play(conn)
}

func TestPoolPaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := smtp.Options{Address: "relay.example:25", Security: smtp.Plain, Dial: func(context.Context, string, string) (net.Conn, error) {
			client, relay := net.Pipe()
			go simpleRelay(relay)
			return client, nil
		}}
		pool, err := smtp.NewPool(options, smtp.PoolOptions{PerSecond: 5, Connections: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		start := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				messages, _ := sample(20)
				if counts, err := count(t.Context(), pool, messages); err != nil || counts[smtp.Accepted] != 20 {
					t.Errorf("%v, %v", counts, err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took < 11*time.Second || took > 13*time.Second {
			t.Errorf("60 messages at 5 a second took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if counts, err := count(ctx, pool, three()); !errors.Is(err, context.DeadlineExceeded) || counts[smtp.NotBegun] < 2 {
			t.Errorf("cancelled: %v, %v", counts, err)
		}
	})
}

// TestPoolRotates: a connection carries its share and is replaced; an idle one that the relay closed costs nothing.
func TestPoolRotates(t *testing.T) {
	t.Parallel()
	for mode, offers := range modes {
		server := script(t, sink.Script{Offers: offers})
		options := quick(server.Address())
		options.MessagesPerConn = 10
		pool, err := smtp.NewPool(options, smtp.PoolOptions{Connections: 1})
		if err != nil {
			t.Fatal(err)
		}
		messages, _ := sample(35)
		if counts, err := count(context.Background(), pool, messages); err != nil || counts[smtp.Accepted] != 35 || counts[0] != 0 || server.Connections() != 4 {
			t.Errorf("%s: %v over %d connections, %v", mode, counts, server.Connections(), err)
		}
		time.Sleep(300 * time.Millisecond) // longer than an unasked connection is trusted
		if counts, err := count(context.Background(), pool, three()); err != nil || counts[smtp.Accepted] != 3 || server.Connections() != 4 {
			t.Errorf("%s: %v over %d connections, %v", mode, counts, server.Connections(), err)
		}
		if err := server.Close(); err != nil { // the relay restarts
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		if counts, err := count(context.Background(), pool, three()); err == nil || counts[smtp.NotBegun] != 3 || counts[smtp.MaybeSent] != 0 {
			t.Errorf("%s, relay gone: %v, %v", mode, counts, err)
		}
		pool.Close()
		if _, err := count(context.Background(), pool, three()); !errors.Is(err, smtp.ErrPoolClosed) {
			t.Errorf("%s, closed: %v", mode, err)
		}
	}
}

// TestPoolLearns: a relay that does not understand BDAT costs one message one delay, then DATA is used.
func TestPoolLearns(t *testing.T) {
	t.Parallel()
	server := script(t, sink.Script{Offers: modes["chunking"], Answers: map[string][]string{"BDAT": {"500 5.5.2 what?"}}})
	pool, err := smtp.NewPool(quick(server.Address()), smtp.PoolOptions{Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	messages, _ := sample(10)
	counts, err := count(context.Background(), pool, messages)
	if err != nil || counts[smtp.Refused] != 1 || counts[smtp.Accepted] != 9 || len(server.Mails()) != 9 {
		t.Errorf("%v, %v", counts, err)
	}
}

// TestPoolBacksOffAfterFaults: a relay that goes away under each message is not asked again at once.
func TestPoolBacksOffAfterFaults(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"drop", "421 4.3.2 bye drop"} {
		server := script(t, sink.Script{Offers: modes["pipelining"], Answers: map[string][]string{"MAIL": {answer}}})
		pool, err := smtp.NewPool(quick(server.Address()), smtp.PoolOptions{Connections: 2, BackoffFirst: time.Hour, BackoffMost: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if counts, err := count(context.Background(), pool, three()); err == nil || counts[smtp.NotBegun] < 2 {
				t.Fatalf("%s: %v, %v", answer, counts, err)
			}
		}
		if server.Connections() != 1 || pool.Until().IsZero() {
			t.Errorf("%s: %d connections", answer, server.Connections())
		}
		pool.Close()
	}
}

var _ io.Closer = (*smtp.Conn)(nil)
