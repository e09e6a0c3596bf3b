package plan

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"letterhead/fault"
	"letterhead/job"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/template"
)

// The errors of rules.
var (
	ErrNoRule  = fault.New(fault.NotFound, "plan.no_rule", "no such automatic message")
	ErrChanged = fault.New(fault.Conflict, "plan.changed", "somebody has changed this automatic message since; look at it again")
	ErrKey     = &fault.Error{Kind: fault.Conflict, Key: "plan.key_taken", Field: "key", Say: "there is an automatic message of this key already"}
	ErrFull    = fault.New(fault.TooMany, "plan.full", "a practice can have 50 automatic messages; remove one that is not needed any more")
)

// AddStarter gives a new practice its five rules, with the starter wordings of the same keys. It does nothing for a key that is there already.
func AddStarter(ctx context.Context, tx *store.Tx) error {
	wordings, err := template.ByKey(ctx, tx)
	if err != nil {
		return err
	}
	var rows [][]any
	for i, r := range Starter() {
		wording, ok := wordings[r.Key]
		if !ok {
			return fmt.Errorf("the starter wording %s is missing: add the wordings first", r.Key)
		}
		rows = append(rows, []any{store.NewID[string](), r.Key, r.Name, string(wording), r.JSON(), true, i + 1, 1, store.Micro(tx.Now)})
	}
	_, err = tx.Bulk(ctx, `INSERT INTO rule (practice, id, key, name, wording, content, enabled, position, version, changed_at) VALUES`,
		`ON CONFLICT (practice, key) DO NOTHING`, rows)
	return err
}

// Rules are the practice's automatic messages in their order, those that are off included.
func Rules(ctx context.Context, tx *store.Tx) ([]Rule, error) {
	rows, err := tx.Query(ctx, `SELECT id, key, name, wording, content, enabled, version, changed_at FROM rule WHERE practice = $1 ORDER BY position, id`)
	rules, err := store.Collect(rows, err, func(r *store.Rows) (Rule, error) {
		var rule Rule
		var content string
		var changed int64
		if err := r.Scan(&rule.ID, &rule.Key, &rule.Name, &rule.Wording, &content, &rule.Enabled, &rule.Version, &changed); err != nil {
			return rule, err
		}
		rule.Changed = store.Instant(changed)
		var err error
		rule.Content, err = ParseContent([]byte(content))
		if err != nil {
			err = fmt.Errorf("the rule %s: %w", rule.Key, err)
		}
		return rule, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	return rules, nil
}

// AddRule adds an automatic message after the others, and opens the job that plans again (Replan).
func AddRule(ctx context.Context, tx *store.Tx, r Rule) (Rule, error) {
	if err := r.checked(); err != nil {
		return r, err
	}
	var n, last int
	if err := tx.Row(ctx, `SELECT COUNT(*), COALESCE(MAX(position), 0) FROM rule WHERE practice = $1`).Scan(&n, &last); err != nil {
		return r, err
	}
	if n >= maxRules {
		return r, ErrFull
	}
	r.ID, r.Version, r.Changed = store.NewID[string](), 1, tx.Now
	_, err := tx.Exec(ctx, `INSERT INTO rule (practice, id, key, name, wording, content, enabled, position, version, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)`, r.ID, r.Key, r.Name, r.Wording, r.JSON(), r.Enabled, last+1, store.Micro(tx.Now))
	if err != nil {
		return r, explained(err)
	}
	return r, replan(ctx, tx, r)
}

// replan opens the job that makes the due rows what a version of a rule says. Each version has a job of its own: one that is under way for an
// earlier version may have passed by what this one changes.
func replan(ctx context.Context, tx *store.Tx, r Rule) error {
	return job.Add(ctx, tx, ReplanJob, r.ID+" "+strconv.FormatInt(r.Version, 10), tx.Now)
}

// ChangeRule changes an automatic message, other than its key, and opens the job that plans again. r.Version is what the caller has read.
func ChangeRule(ctx context.Context, tx *store.Tx, r Rule) (Rule, error) {
	if err := r.checked(); err != nil {
		return r, err
	}
	n, err := tx.Exec(ctx, `UPDATE rule SET name = $3, wording = $4, content = $5, enabled = $6, version = version + 1, changed_at = $7
		WHERE practice = $1 AND id = $2 AND version = $8`, r.ID, r.Name, r.Wording, r.JSON(), r.Enabled, store.Micro(tx.Now), r.Version)
	if err != nil {
		return r, explained(err)
	}
	if n == 0 {
		var version int64
		if err := tx.Row(ctx, `SELECT version FROM rule WHERE practice = $1 AND id = $2`, r.ID).Scan(&version); errors.Is(err, store.ErrNone) {
			return r, ErrNoRule
		} else if err != nil {
			return r, err
		}
		return r, ErrChanged
	}
	r.Version, r.Changed = r.Version+1, tx.Now
	return r, replan(ctx, tx, r)
}

func (r *Rule) checked() error {
	if len(r.Key) == 0 || len(r.Key) > maxKey || strings.Trim(r.Key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fault.Field("key", "plan.key", "write the key with small letters, digits and hyphens, at most %d, for example reminder-3-days", maxKey)
	}
	name, err := practice.Text("name", r.Name, 80)
	if err != nil {
		return err
	}
	if name == "" {
		return fault.Field("name", "plan.required", "this is needed; fill it in")
	}
	r.Name = name
	return r.check()
}

func explained(err error) error {
	switch {
	case errors.Is(err, store.ErrUnique):
		return ErrKey
	case errors.Is(err, store.ErrForeign):
		return fault.Field("wording", "plan.wording", "no such template; choose one of the list")
	}
	return err
}
