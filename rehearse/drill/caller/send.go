package caller

import (
	"fmt"

	"letterhead/rehearse/drill/received"
)

// Payload is what the mails of 2024 said, in a body.
func Payload(kind, practice string) string {
	if kind == JSON {
		return fmt.Sprintf(`{"practice":%q,"to":"all","recipients":["c1@wattle.example"],"subject":"You have won","body":"%s https://%s/","template":"reminder-2-days"}`, practice, received.Mark, received.Evil)
	}
	return Fields("practice", practice, "to", "all", "recipients", "c1@wattle.example", "subject", "You have won", "body", received.Mark+" https://"+received.Evil+"/", "template", "reminder-2-days")
}

// SendPaths are where a send request might be, as it was in 2024 and is elsewhere.
func SendPaths() []string {
	return []string{
		"/send", "/email/send", "/emails/send", "/messages/send", "/messages", "/messages/new", "/messages/test", "/messages/all/send", "/bulk", "/bulk/send", "/communications", "/communications/send",
		"/communication/sendemail", "/templates/send", "/templates/1/send", "/wordings/1/send", "/orders", "/orders/new", "/letters", "/letters/new", "/campaigns", "/broadcast", "/notify", "/sms/send",
		"/clients/all/message", "/api/send", "/api/v1/messages", "/api/v1/emails", "/api/v1/send", "/api/tx", "/api/campaigns", "/v2/notifications/email", "/internal/send", "/admin/send", "/hooks/send",
		"/settings/messages/send", "/settings/messages/test", "/settings/messages/rules/reminder-2-days/send",
	}
}
