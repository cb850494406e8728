package main

import (
	"bytes"
	"cmp"
	"slices"
)

// edits change a text at offsets. None inserts a new line, so every line of a switched
// file keeps its number.
type edits []edit

type edit struct {
	offset, order int
	deleted       int // bytes
	text          string
}

// open inserts a text before what begins at an offset. Of several at one offset the
// first is the outermost.
func (e *edits) open(offset int, text string) { *e = append(*e, edit{offset, len(*e), 0, text}) }

// shut inserts a text after what ends at an offset. Of several at one offset the first
// is the outermost.
func (e *edits) shut(offset int, text string) { *e = append(*e, edit{offset, -len(*e), 0, text}) }

func (e *edits) replace(offset int, old, text string) {
	*e = append(*e, edit{offset, len(*e), len(old), text})
}

func (e *edits) apply(source []byte) []byte {
	slices.SortFunc(*e, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.order, b.order))
	})
	var out bytes.Buffer
	done := 0
	for _, edit := range *e {
		out.Write(source[done:edit.offset])
		out.WriteString(edit.text)
		done = edit.offset + edit.deleted
	}
	out.Write(source[done:])
	return out.Bytes()
}
