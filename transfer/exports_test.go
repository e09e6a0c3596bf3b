package transfer_test

import (
	"testing"
	"time"

	"letterhead/testkit"
	"letterhead/transfer"
)

func TestExports(t *testing.T) {
	t.Parallel()
	for name, folder := range exports(t) {
		for _, engine := range testkit.Engines() {
			t.Run(name+"/"+string(engine), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, engine, practiceOf(t, folder))
				began := time.Now()
				first := b.bring(transfer.Source{Dir: folder}, transfer.Options{})
				t.Logf("%v\n%s%v %v", time.Since(began), first.Summary(), first.Clients.Reasons, first.Appointments.Reasons)
			})
		}
	}
}
