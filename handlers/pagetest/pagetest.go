// Package pagetest reads HTML pages in tests: it finds fields by their labels and
// links by their names. So a test that walks through the site proves the labels
// too. Only tests import it.
package pagetest

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// A Page is one page, and what was filled into it.
type Page struct {
	*goquery.Document
	filled map[string]string // by the name of the field
}

// Read reads the HTML of a page.
func Read(from io.Reader) (*Page, error) {
	document, err := goquery.NewDocumentFromReader(from)
	return &Page{Document: document, filled: map[string]string{}}, err
}

// Clone is the same page in another browser: what is filled into it later stays
// out of the first one.
func (p *Page) Clone() *Page {
	clone := &Page{Document: p.Document, filled: map[string]string{}}
	for name, value := range p.filled {
		clone.filled[name] = value
	}
	return clone
}

// Heading is the page's one heading, or empty where it has none or several.
func (p *Page) Heading() string {
	if h1 := p.Find("h1"); h1.Length() == 1 {
		return Clean(h1.Text())
	}
	return ""
}

// Text is what stands on the page, its pieces apart from one another.
func (p *Page) Text() string {
	var words []string
	for node := range p.Find("body").Nodes[0].Descendants() {
		if node.Type == html.TextNode {
			words = append(words, node.Data)
		}
	}
	return Clean(strings.Join(words, " "))
}

// Clean takes out the white space that a browser does not show.
func Clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// Field finds the field of a label.
func (p *Page) Field(label string) (*goquery.Selection, error) {
	found := p.Find("label").FilterFunction(func(_ int, l *goquery.Selection) bool { return Clean(l.Text()) == label })
	field := found.Find("input")
	if id, ok := found.Attr("for"); ok {
		field = p.Find("#" + id)
	}
	if field.Length() != 1 {
		return nil, fmt.Errorf("no field %q", label)
	}
	return field, nil
}

// Fill types into the field of a label; a checkbox is ticked.
func (p *Page) Fill(label, value string) error {
	field, err := p.Field(label)
	if err == nil {
		p.filled[field.AttrOr("name", "")] = value
	}
	return err
}

// Has reports whether the page has a button or link of that name.
func (p *Page) Has(name string) bool { return p.named("button, a", name).Length() > 0 }

// Button finds the first button of that name.
func (p *Page) Button(name string) (*goquery.Selection, error) {
	if found := p.named("button", name); found.Length() > 0 {
		return found.First(), nil
	}
	return nil, fmt.Errorf("no button %q", name)
}

// Link finds the first link of that name.
func (p *Page) Link(name string) (*goquery.Selection, error) {
	if found := p.named("a", name); found.Length() > 0 {
		return found.First(), nil
	}
	return nil, fmt.Errorf("no link %q", name)
}

func (p *Page) named(kind, name string) *goquery.Selection {
	return p.Find(kind).FilterFunction(func(_ int, s *goquery.Selection) bool { return Clean(s.Text()) == name })
}

// Form is what pressing a button would post, and where to: empty for the
// address of the page itself.
func (p *Page) Form(button *goquery.Selection) (action string, values url.Values) {
	form := button.Closest("form")
	values = url.Values{}
	form.Find("input").Each(func(_ int, input *goquery.Selection) {
		name, kind := input.AttrOr("name", ""), input.AttrOr("type", "text")
		value, _ := input.Attr("value")
		typed, filled := p.filled[name]
		switch {
		case filled:
			values.Set(name, typed)
		case kind != "checkbox":
			values.Set(name, value)
		default:
			if _, checked := input.Attr("checked"); checked {
				values.Set(name, value)
			}
		}
	})
	if name := button.AttrOr("name", ""); name != "" {
		values.Set(name, button.AttrOr("value", ""))
	}
	return form.AttrOr("action", ""), values
}
