package register

import "fmt"

// Nodes are the document's parts.
func (d *Document) Nodes() []Node { return d.nodes }

func (r Remark) String() string { return fmt.Sprintf("line %d: %s", r.Line, r.Say) }
