// A browser without scripts: it keeps cookies, follows redirects on the site and presses
// buttons. It never leaves the site: it stops at the URL where it would.
import assert from "node:assert/strict";

const entities = { amp: "&", lt: "<", gt: ">", quot: '"' };
const decode = (text) =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (all, code, name) => (code ? String.fromCodePoint(code) : (entities[name] ?? all)));
const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\s${name}="([^"]*)"`));
  return found && decode(found[1]);
};

let browsers = 0;

export class Browser {
  cookies = new Map();

  constructor(site) {
    this.site = site;
    this.ip = `198.18.${++browsers}.1`; // each has rate limits of its own
  }

  // open loads a URL, or posts a form to it, and returns where the browser ends up. A link or
  // form is on a page of another site, unless from says otherwise.
  async open(url, form, from = "cross-site") {
    for (let hops = 0; hops < 10; hops++) {
      url = new URL(url, this.site);
      if (url.origin !== this.site) {
        return (this.page = { url, outside: true });
      }
      const response = await fetch(url, {
        method: form ? "POST" : "GET",
        body: form,
        redirect: "manual",
        headers: {
          "X-Forwarded-For": this.ip,
          Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
          "Sec-Fetch-Site": from,
        },
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
        this.cookies.set(name, value);
      }
      const html = await response.text();
      const refresh = response.headers.get("Refresh")?.match(/^0; url=(.*)$/);
      const next = response.headers.get("Location") ?? refresh?.[1];
      this.page = { url, outside: false, status: response.status, html, heading: decode(html.match(/<h1[^>]*>([^<]*)/)?.[1] ?? "") };
      if (!next) {
        return this.page;
      }
      assert.notEqual(response.status, 307, "a 307 would send a form to the app");
      url = new URL(next, url);
      form = undefined;
    }
    assert.fail(`too many redirects at ${url}`);
  }

  // press submits the form of a button.
  press(name, fields = {}) {
    for (const [, attributes, content] of this.page.html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
      for (const [, button, text] of content.matchAll(/<button([^>]*)>([\s\S]*?)<\/button>/g)) {
        if (decode(text.replace(/<[^>]*>/g, "")).trim() === name) {
          return this.open(attribute(attributes, "action") ?? this.page.url, this.#form(content, button, fields), "same-origin");
        }
      }
    }
    assert.fail(`no button ${name} on the page ${this.page.heading}`);
  }

  #form(content, button, fields) {
    const form = new URLSearchParams(fields);
    for (const [input] of content.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form.set(attribute(input, "name"), attribute(input, "value") ?? "");
    }
    if (attribute(button, "name")) {
      form.set(attribute(button, "name"), attribute(button, "value"));
    }
    return form;
  }

  // sees checks the heading and the status of the page.
  sees(heading, status = 200) {
    assert.deepEqual([this.page.heading, this.page.status], [heading, status], `at ${this.page.url}`);
    return this;
  }
}
