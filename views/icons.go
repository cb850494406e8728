package views

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// An icon is a drawing of lines in a square of 20 by 20, as the data of an SVG path. The text
// next to it always says the same.
type icon string

// The icons.
const (
	iconApp      icon = "M6.5 2.5h7a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1ZM8 10.2l1.5 1.5 2.7-3"
	iconApps     icon = "M4 3.5h4a.5.5 0 0 1 .5.5v4a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5ZM12 3.5h4a.5.5 0 0 1 .5.5v4a.5.5 0 0 1-.5.5h-4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5ZM4 11.5h4a.5.5 0 0 1 .5.5v4a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5v-4a.5.5 0 0 1 .5-.5ZM12 11.5h4a.5.5 0 0 1 .5.5v4a.5.5 0 0 1-.5.5h-4a.5.5 0 0 1-.5-.5v-4a.5.5 0 0 1 .5-.5Z"
	iconBin      icon = "M3.5 5.5h13M7.5 5.5V4a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v1.5M5 5.5l.7 10.6a1 1 0 0 0 1 .9h6.6a1 1 0 0 0 1-.9L15 5.5M8.5 9v4.5M11.5 9v4.5"
	iconClock    icon = "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 5.8V10l2.8 1.8"
	iconCodes    icon = "M4 3.5h12a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1ZM6 7h3M11 7h3M6 10h3M11 10h3M6 13h3M11 13h3"
	iconComputer icon = "M3.5 3.5h13a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1ZM6.5 17h7M10 13.5V17"
	iconDevices  icon = "M3 13V5.5A1.5 1.5 0 0 1 4.5 4h9M1.5 16h8M13 7.5h3.5a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H13a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Z"
	iconInfo     icon = "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 9.2v4.3M10 6.5v.01"
	iconKey      icon = "M12.5 12a4.5 4.5 0 1 0-4.2-2.9L2.5 15v2.5h3v-2h2v-2l1.6-1.6a4.5 4.5 0 0 0 3.4.1ZM14 6v.01"
	iconLock     icon = "M5 9h10a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1ZM6.5 9V6a3.5 3.5 0 0 1 7 0v3M10 12.4v1.8"
	iconMail     icon = "M3.5 4h13a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1ZM3 5.5l7 5.5 7-5.5"
	iconMessage  icon = "M3.5 3.5h13a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H9.5l-4 3.5v-3.5h-2a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1Z"
	iconPerson   icon = "M10 9.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3 17.5c.8-3.4 3.5-5 7-5s6.2 1.6 7 5"
	iconPhone    icon = "M6.5 2.5h7a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1ZM9 15h2"
	iconRefresh  icon = "M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.5v4h-4"
	iconShield   icon = "M10 2.5 16 5v4.5c0 4-2.5 6.6-6 8-3.5-1.4-6-4-6-8V5Z"
	iconShieldNo icon = iconShield + "M10 6.5V10M10 12.9v.01"
	iconShieldOK icon = iconShield + "M7.4 9.9l1.8 1.8 3.4-3.6"
	iconSignIn   icon = "M11.5 3.5h4a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-4M3.5 10h9M9.5 7l3 3-3 3"
	iconSignOut  icon = "M8.5 3.5h-4a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h4M7.5 10h9M13.5 7l3 3-3 3"
	iconTick     icon = "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM6.8 10.2l2.2 2.2 4.2-4.6"
	iconWarning  icon = "M10 3l8 13.5H2ZM10 8v4M10 14.2v.01"
)

// drawIcon is an icon. The stylesheet gives it the size and the colour of the text.
func drawIcon(i icon) templ.Component { return drawIconAs(i, "icon") }

// drawIconAs is an icon of a class. It is not a template, because a page has a dozen and
// nothing in them needs escaping.
func drawIconAs(i icon, class string) templ.Component { return drawing{string(i), class} }

type drawing struct{ path, class string }

// Render implements [templ.Component].
func (d drawing) Render(_ context.Context, w io.Writer) error {
	for _, part := range [...]string{
		`<svg class="`, d.class, `" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"><path d="`, d.path, `"></path></svg>`,
	} {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}
