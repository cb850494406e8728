// Package pagetest reads HTML pages in tests. It finds fields by their labels and
// buttons and links by their names, so that these are tested too.
package pagetest

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// A Page is a page and the values filled into its fields.
type Page struct {
	*goquery.Document
	filled map[string]string // by field name
}

// Read parses the HTML of a page.
func Read(r io.Reader) (*Page, error) {
	document, err := goquery.NewDocumentFromReader(r)
	return &Page{Document: document, filled: map[string]string{}}, err
}

// Clone returns a copy of the page, which can be filled in independently.
func (p *Page) Clone() *Page { return &Page{Document: p.Document, filled: maps.Clone(p.filled)} }

// Heading returns the text of the page's h1. It is empty if there is none or more than one.
func (p *Page) Heading() string {
	if h1 := p.Find("h1"); h1.Length() == 1 {
		return clean(h1.Text())
	}
	return ""
}

// Text returns the text of the page, with a space between any two elements.
func (p *Page) Text() string {
	var texts []string
	for node := range p.Find("body").Nodes[0].Descendants() {
		if node.Type == html.TextNode {
			texts = append(texts, node.Data)
		}
	}
	return clean(strings.Join(texts, " "))
}

// clean collapses white space, as browsers do.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// Field finds the field with a label.
func (p *Page) Field(label string) (*goquery.Selection, error) {
	found := p.Find("label").FilterFunction(func(_ int, l *goquery.Selection) bool { return clean(l.Text()) == label })
	field := found.Find("input")
	if id, ok := found.Attr("for"); ok {
		field = p.Find("#" + id)
	}
	if field.Length() != 1 {
		return nil, fmt.Errorf("no field %q", label)
	}
	return field, nil
}

// Fill fills the field with a label. Any value checks a checkbox.
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
	return p.Find(kind).FilterFunction(func(_ int, s *goquery.Selection) bool { return clean(s.Text()) == name })
}

// Form returns what pressing a button would post, and its form's action, which is empty for the
// URL of the page.
func (p *Page) Form(button *goquery.Selection) (action string, values url.Values) {
	form := button.Closest("form")
	values = url.Values{}
	form.Find("input, textarea, select").Each(func(_ int, input *goquery.Selection) {
		name, kind := input.AttrOr("name", ""), input.AttrOr("type", "text")
		value := input.AttrOr("value", input.Not("select").Text())
		if options := input.Find("option"); options.Length() > 0 {
			value = options.First().AttrOr("value", "")
			if selected := options.Filter("[selected]"); selected.Length() > 0 {
				value = selected.AttrOr("value", "")
			}
		}
		typed, isFilled := p.filled[name]
		switch {
		case isFilled:
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
