package outside

import (
	"context"
	"fmt"
	"slices"

	"letterhead/api"
	"letterhead/app/record"
	"letterhead/public"
	"letterhead/sign"
	"letterhead/web"
)

// Routes is every route with its permission, or the reason why it is public, as text.
func Routes() []string {
	own := []string{
		fmt.Sprintf("%-44s public: %s", "GET /healthz", "says whether messages can leave, and nothing else"),
		fmt.Sprintf("%-44s public: %s", "GET /metrics", "counts alone; loopback only"),
	}
	return slices.Concat(web.Routes(), api.Table(), public.Table(), sign.Table(), own)
}

// Command prints them.
func Command() record.Command {
	return record.Command{Name: "routes", Summary: "print every route with its permission, or the reason why it is public", Examples: []string{"routes"},
		Run: func(_ context.Context, c record.Call) error {
			for _, line := range Routes() {
				fmt.Fprintln(c.Out, line)
			}
			return nil
		}}
}
