package outside

import (
	"fmt"
	"slices"

	"letterhead/api"
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
