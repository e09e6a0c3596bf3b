package text

// The demonstration's inbox.
var sinkEnglish = map[string]string{
	"sink.title":     "Inbox",
	"sink.line":      "What left the practice and would be in people’s hands. Only the demonstration has this page.",
	"sink.mails":     "E-mail",
	"sink.texts":     "Text messages",
	"sink.empty":     "Nothing has left yet",
	"sink.empty-say": "Book an appointment: its confirmation is here three minutes later.",
	"sink.views":     "How it is shown",
	"sink.html":      "As it looks",
	"sink.text":      "As text",
	"sink.headers":   "Header lines",
	"sink.from":      "From",
	"sink.size":      "Size",
	"sink.from-to":   "from %s to %s",
	"sink.parts":     "1 part|%s parts",
	"sink.newest":    "The newest %s of %s",
}
