package text

// Bulk messages.
var orderEnglish = map[string]string{
	"reason.prefers-other":   "they prefer another way",
	"reason.no-consent":      "they never agreed to marketing this way",
	"reason.shared-address":  "somebody with the same address gets it",
	"reason.address-changed": "the address is not the one that was signed for",
	"reason.over-cap":        "as many messages went as were signed for",
	"reason.order-stopped":   "the bulk message was stopped",
	"reason.order-gone":      "it belongs to no bulk message",
}
