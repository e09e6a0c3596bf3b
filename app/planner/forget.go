package planner

import (
	"context"
	"fmt"

	"letterhead/job"
	"letterhead/store"
	"letterhead/vault"
)

// ForgetJob deletes what is too old of a practice's access log.
const ForgetJob = "forget looks"

// forgetStep is how many rows one transaction deletes at most.
const forgetStep = 1000

func (o Of) forget(ctx context.Context, j job.Job) (job.Progress, error) {
	if o.LooksKept == 0 {
		return job.Progress{Ended: true}, nil
	}
	more := false
	err := o.DB.Change(ctx, store.Actor{Practice: j.Practice, Agent: "job"}, func(tx *store.Tx) (err error) {
		more, err = vault.Forget(ctx, tx, tx.Now.Add(-o.LooksKept), forgetStep)
		return err
	})
	if err != nil {
		return job.Progress{}, fmt.Errorf("%s: %w", j.Kind, err)
	}
	return job.Progress{Done: j.Done + forgetStep, Total: max(j.Total, j.Done+forgetStep), Ended: !more}, nil
}
