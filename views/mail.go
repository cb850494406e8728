package views

import (
	"context"
	"strings"
)

// A mail is the content of an email, which is rendered as text and as HTML.
type mail struct {
	subject string
	heading string // of the HTML; defaults to the subject
	lead    string // the first sentences, which lists of mails show
	code    string // shown large
	body    []paragraph
}

// A paragraph is a text with what belongs to it.
type paragraph struct {
	text    string // without its colon
	list    []string
	facts   []fact
	link    link // the URL is relative to the origin
	primary bool // whether the link is what the mail is for
}

// A fact is a value with its label.
type fact struct{ label, value string }

func (r *Renderer) render(m mail) MessageText {
	if m.heading == "" {
		m.heading = m.subject
	}
	var html strings.Builder
	if err := mailHTML(r, m).Render(context.Background(), &html); err != nil {
		html.Reset() // the text has everything
	}
	return MessageText{m.subject, r.text(m), html.String()}
}

// text returns the plain text of a mail. It ends in a signature, which mail programs show
// less prominently (RFC 3676 section 4.3).
func (r *Renderer) text(m mail) string {
	parts := []string{m.lead}
	for _, p := range m.body {
		parts = append(parts, r.paragraphText(p))
	}
	foot := []string{"-- ", r.product}
	if r.origin != "" {
		foot = append(foot, r.origin+"/")
	}
	for _, to := range r.links.foot() {
		foot = append(foot, to.Label+": "+address(to.URL))
	}
	return strings.Join(append(parts, strings.Join(foot, "\n")), "\n\n") + "\n"
}

func (r *Renderer) paragraphText(p paragraph) string {
	if p.link != (link{}) {
		return p.sentence() + " " + r.origin + p.link.URL
	}
	var lines []string
	for _, f := range p.facts {
		lines = append(lines, f.label+": "+f.value)
	}
	for _, item := range p.list {
		lines = append(lines, "- "+item)
	}
	switch {
	case len(lines) == 0 && r.links.Support != "":
		return strings.Replace(p.text, administrator, administrator+" ("+address(r.links.Support)+")", 1)
	case len(lines) == 0:
		return p.text
	case p.text != "":
		lines = append([]string{p.sentence()}, lines...)
	}
	return strings.Join(lines, "\n")
}

// sentence returns the text, with a colon if a list or a link follows.
func (p paragraph) sentence() string {
	if len(p.list) > 0 || p.link != (link{}) {
		return p.text + ":"
	}
	return p.text
}

// address returns what people read of a URL: of a mailto link, the email address.
func address(url string) string { return strings.TrimPrefix(url, "mailto:") }

// preview is the text that lists of mails show after the subject.
func (m mail) preview() string {
	if m.code == "" {
		return m.lead
	}
	return m.lead + " " + m.body[0].text
}
