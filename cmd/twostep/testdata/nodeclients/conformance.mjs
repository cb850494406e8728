// The modules of the OpenID Foundation's conformance plans for basic, config, RP-initiated
// logout and back-channel logout that apply to this provider, by their names there. The
// client is openid-client, which checks every response by the standards.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oidc from "openid-client";
import { Browser } from "./browser.mjs";

const { issuer, email, password, apps, backchannel } = JSON.parse(process.env.SETTINGS);
const callback = "https://wiki.example/callback";
const afterLogout = "https://wiki.example/bye";

function client(app, auth = oidc.ClientSecretBasic) {
  return oidc.discovery(new URL(issuer), app.client_id, {}, auth(app.client_secret), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
}

const web = await client(apps.web);
const post = await client(apps.web, oidc.ClientSecretPost);
const exempt = await client(apps.exempt);
const other = await client(apps.other);

async function signIn(browser) {
  await browser.sees("Sign in").press("Continue", { email, password });
}

async function signedIn() {
  const browser = new Browser(issuer);
  await browser.open(new URL("/sign-in", issuer), undefined, "none");
  await signIn(browser);
  return browser.sees("Account");
}

const ann = await signedIn();
await ann.open("/account/profile", undefined, "same-origin");
await ann.press("Save", { name: "Ann Example" });

// A request has its own parameters, and what the response must have.
async function request(parameters = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
  const all = {
    redirect_uri: callback,
    scope: "openid",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...parameters,
  };
  for (const name in all) {
    if (all[name] === undefined) delete all[name];
  }
  if (!all.state) delete checks.expectedState;
  if (!all.nonce) delete checks.expectedNonce;
  if (!all.code_challenge) delete checks.pkceCodeVerifier;
  if (all.max_age) checks.maxAge = Number(all.max_age);
  return [all, checks];
}

// returned checks that the browser is back at the app.
function returned(browser) {
  const { url, outside, heading } = browser.page;
  assert.ok(outside && url.href.startsWith(callback), `not at the app but on the page ${heading} at ${url}`);
  return url;
}

// tokens signs in to the app, where no page is expected, and exchanges the code.
async function tokens(config, parameters, browser = ann) {
  const [all, checks] = await request(parameters);
  await browser.open(oidc.buildAuthorizationUrl(config, all));
  return oidc.authorizationCodeGrant(config, returned(browser), checks);
}

// refused starts a request that the app must be told is refused, with one of these errors.
async function refused(parameters, errors, browser = ann, config = web) {
  const [all, checks] = await request(parameters);
  const url = oidc.buildAuthorizationUrl(config, all);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) url.searchParams.delete(name);
  }
  await browser.open(url);
  await assert.rejects(oidc.authorizationCodeGrant(config, returned(browser), checks), (error) => {
    assert.ok(error instanceof oidc.AuthorizationResponseError, `${error}`);
    assert.ok([errors].flat().includes(error.error), `the error is ${error.error}`);
    return true;
  });
}

const invalidGrant = (exchange) => assert.rejects(exchange, { error: "invalid_grant", status: 400 });
const dead = (config, token) => assert.rejects(oidc.fetchUserInfo(config, token, oidc.skipSubjectCheck), { status: 401 });
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const base64url = (value) => Buffer.from(value).toString("base64url");

// hint is an ID token with another signature: none, or by a foreign key.
function forgedHint(idToken, alg) {
  const head = JSON.parse(Buffer.from(idToken.split(".")[0], "base64url"));
  const signed = `${base64url(JSON.stringify({ ...head, alg }))}.${idToken.split(".")[1]}`;
  if (alg === "none") return `${signed}.`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

async function discoveryDocument() {
  return (await fetch(new URL("/.well-known/openid-configuration", issuer))).json();
}

async function userInfo(method, token, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(web.serverMetadata().userinfo_endpoint, { method, headers, body });
  return [response.status, await response.json()];
}

async function unchangedBy(parameters) {
  const first = (await tokens(web)).claims();
  const idToken = parameters.id_token_hint && (await tokens(web)).id_token;
  const second = (await tokens(web, idToken ? { ...parameters, id_token_hint: idToken } : parameters)).claims();
  assert.deepEqual([second.sub, second.auth_time], [first.sub, first.auth_time]);
}

async function asksAgain(parameters) {
  const first = (await tokens(web)).claims();
  while (Date.now() / 1000 < first.auth_time + 2) await sleep(50); // longer than max_age=1
  const [all, checks] = await request(parameters);
  await ann.open(oidc.buildAuthorizationUrl(web, all));
  await ann.sees("Verification required").press("Continue", { password });
  const second = (await oidc.authorizationCodeGrant(web, returned(ann), checks)).claims();
  assert.equal(second.sub, first.sub);
  assert.ok(second.auth_time > first.auth_time, "auth_time is not later");
}

// logout starts with a sign-in to the app and opens the logout URL with some parameters.
async function logout(parameters) {
  const browser = await signedIn();
  const { id_token: idToken } = await tokens(web, {}, browser);
  await browser.open(oidc.buildEndSessionUrl(web, parameters(idToken)));
  return browser;
}

const signedOut = (browser) => refused({ prompt: "none" }, "login_required", browser);

// asks checks that the user is asked, and stays on this site.
async function asks(parameters) {
  const browser = await logout(parameters);
  await browser.sees("Sign out").press("Sign out");
  await signedOut(browser.sees("Sign in"));
}

const succeeds = (parameters) => () => tokens(web, parameters);
const back = { post_logout_redirect_uri: afterLogout };

const modules = {
  async "oidcc-server"() {
    const browser = new Browser(issuer);
    const [all, checks] = await request({ scope: "openid email" });
    await browser.open(oidc.buildAuthorizationUrl(web, all));
    await signIn(browser);
    const response = await oidc.authorizationCodeGrant(web, returned(browser), checks);
    const claims = response.claims();
    assert.equal(typeof claims.aud, "string");
    assert.ok(claims.at_hash && claims.auth_time && claims.exp - claims.iat === 300 && claims.sub.length <= 255);
    assert.equal(response.token_type, "bearer");
  },
  async "oidcc-server-consent"() { // ours: an app that is not trusted, and a user who refuses
    const [all, checks] = await request({ scope: "openid email" });
    await ann.open(oidc.buildAuthorizationUrl(other, all));
    await ann.sees("Continue to Forum").press("Cancel");
    await assert.rejects(oidc.authorizationCodeGrant(other, returned(ann), checks), { error: "access_denied" });
    const [again, checksAgain] = await request({ scope: "openid email" });
    await ann.open(oidc.buildAuthorizationUrl(other, again));
    await ann.sees("Continue to Forum").press("Continue");
    await oidc.authorizationCodeGrant(other, returned(ann), checksAgain);
    await tokens(other, { scope: "openid email" });
  },
  "oidcc-server-client-secret-post": () => tokens(post),
  async "oidcc-idtoken-signature"() {
    const { id_token: idToken } = await tokens(web);
    assert.equal(JSON.parse(Buffer.from(idToken.split(".")[0], "base64url")).alg, "RS256");
    const es256 = JSON.parse(Buffer.from((await tokens(exempt)).id_token.split(".")[0], "base64url"));
    assert.equal(es256.alg, "ES256");
  },
  async "oidcc-response-type-missing"() {
    await refused({ response_type: undefined }, ["invalid_request", "unsupported_response_type"]);
  },
  async "oidcc-ensure-registered-redirect-uri"() {
    const [all] = await request({ redirect_uri: `${callback}x` });
    await ann.open(oidc.buildAuthorizationUrl(web, all));
    ann.sees("This app cannot sign you in", 400);
  },
  async "oidcc-userinfo-get"() {
    const response = await tokens(web, { scope: "openid email" });
    const claims = await oidc.fetchUserInfo(web, response.access_token, response.claims().sub);
    assert.deepEqual([claims.email, claims.email_verified], [email, true]);
  },
  async "oidcc-userinfo-post-header"() {
    const response = await tokens(web, { scope: "openid email" });
    const [status, claims] = await userInfo("POST", response.access_token);
    assert.deepEqual([status, claims.sub, claims.email], [200, response.claims().sub, email]);
  },
  async "oidcc-userinfo-post-body"() { // may be refused
    const response = await tokens(web);
    const [status] = await userInfo("POST", "", new URLSearchParams({ access_token: response.access_token }));
    assert.equal(status, 401);
  },
  async "oidcc-scope-profile"() {
    const claims = await oidc.fetchUserInfo(web, (await tokens(web, { scope: "openid profile" })).access_token, oidc.skipSubjectCheck);
    assert.deepEqual([claims.name, claims.preferred_username, typeof claims.updated_at, claims.email], ["Ann Example", email, "number", undefined]);
  },
  async "oidcc-scope-email"() {
    const claims = await oidc.fetchUserInfo(web, (await tokens(web, { scope: "openid email" })).access_token, oidc.skipSubjectCheck);
    assert.deepEqual([claims.email, claims.name], [email, undefined]);
  },
  "oidcc-scope-address": () => unlisted("address"),
  "oidcc-scope-phone": () => unlisted("phone"),
  async "oidcc-scope-all"() {
    const { scopes_supported: scopes } = await discoveryDocument();
    const response = await tokens(web, { scope: scopes.join(" ") });
    const claims = await oidc.fetchUserInfo(web, response.access_token, response.claims().sub);
    assert.deepEqual([claims.email, claims.name], [email, "Ann Example"]);
  },
  // Run with PKCE: this provider requires a nonce only of an app without it.
  "oidcc-ensure-request-without-nonce-succeeds-for-code-flow": succeeds({ nonce: undefined }),
  async "oidcc-ensure-request-without-pkce"() { // ours: refused, unless the operator has exempted the app
    await refused({ code_challenge: undefined, code_challenge_method: undefined }, "invalid_request");
    await tokens(exempt, { code_challenge: undefined, code_challenge_method: undefined });
  },
  async "oidcc-alternate-happy-flow"() {
    const [all, checks] = await request({ scope: "email openid" });
    const url = oidc.buildAuthorizationUrl(web, all);
    url.search = new URLSearchParams([...url.searchParams].reverse());
    await ann.open(url);
    await oidc.authorizationCodeGrant(web, returned(ann), checks);
  },
  "oidcc-ensure-request-with-unknown-parameter-succeeds": succeeds({ extra: "foobar" }),
  async "oidcc-ensure-post-request-succeeds"() {
    const [all, checks] = await request();
    const url = oidc.buildAuthorizationUrl(web, all);
    await ann.open(url.origin + url.pathname, url.searchParams);
    await oidc.authorizationCodeGrant(web, returned(ann), checks);
  },
  "oidcc-ensure-request-with-valid-pkce-succeeds": succeeds(),
  "oidcc-display-page": succeeds({ display: "page" }),
  "oidcc-display-popup": succeeds({ display: "popup" }),
  "oidcc-ui-locales": succeeds({ ui_locales: "se" }),
  "oidcc-claims-locales": succeeds({ claims_locales: "se" }),
  async "oidcc-login-hint"() {
    const browser = new Browser(issuer);
    const [all, checks] = await request({ login_hint: email });
    await browser.open(oidc.buildAuthorizationUrl(web, all));
    assert.ok(browser.page.html.includes(`value="${email}"`), "the email field is empty");
    await signIn(browser);
    await oidc.authorizationCodeGrant(web, returned(browser), checks);
  },
  "oidcc-prompt-login": () => asksAgain({ prompt: "login" }),
  "oidcc-max-age-1": () => asksAgain({ max_age: "1" }),
  "oidcc-max-age-10000": () => unchangedBy({ max_age: "10000" }),
  "oidcc-prompt-none-logged-in": () => unchangedBy({ prompt: "none" }),
  "oidcc-id-token-hint": () => unchangedBy({ prompt: "none", id_token_hint: true }),
  "oidcc-prompt-none-not-logged-in": () => refused({ prompt: "none" }, "login_required", new Browser(issuer)),
  async "oidcc-ensure-request-with-acr-values-succeeds"() {
    const { acr_values_supported: values } = await discoveryDocument();
    const claims = (await tokens(web, { acr_values: values.join(" ") })).claims();
    assert.ok(values.includes(claims.acr), `acr is ${claims.acr}`);
  },
  async "oidcc-codereuse"() {
    const [all, checks] = await request();
    await ann.open(oidc.buildAuthorizationUrl(web, all));
    const url = returned(ann);
    const first = await oidc.authorizationCodeGrant(web, url, checks);
    await invalidGrant(oidc.authorizationCodeGrant(web, url, checks));
    await dead(web, first.access_token); // oidcc-codereuse-30seconds: here it is at once
  },
  "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": () =>
    refused({ request_uri: "https://wiki.example/request" }, "request_uri_not_supported"),
  "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": () =>
    refused({ request: requestObject({ state: "another" }) }, "request_not_supported"),
  "oidcc-ensure-request-object-with-redirect-uri": () =>
    refused({ request: requestObject({ redirect_uri: "https://evil.example/" }) }, "request_not_supported"),
  "oidcc-claims-essential": succeeds({ claims: '{"userinfo":{"name":{"essential":true}}}' }),
  async "oidcc-refresh-token"() {
    const first = await tokens(web, { scope: "openid offline_access" });
    await invalidGrant(oidc.refreshTokenGrant(exempt, first.refresh_token));
    const second = await oidc.refreshTokenGrant(web, first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    const [old, claims] = [first.claims(), second.claims()];
    for (const name of ["iss", "sub", "aud", "auth_time", "acr"]) {
      assert.equal(claims[name], old[name], name);
    }
    assert.equal(claims.nonce, undefined);
    await oidc.fetchUserInfo(web, second.access_token, old.sub);
    const third = await oidc.refreshTokenGrant(web, second.refresh_token);
    await invalidGrant(oidc.refreshTokenGrant(web, first.refresh_token)); // reuse
    await dead(web, third.access_token);
  },
  async "pushed-authorization-request"() { // ours
    const [all, checks] = await request();
    await ann.open(await oidc.buildAuthorizationUrlWithPAR(web, all));
    await oidc.authorizationCodeGrant(web, returned(ann), checks);
  },
  async "revocation-and-introspection"() { // ours
    const response = await tokens(web, { scope: "openid offline_access" });
    const found = await oidc.tokenIntrospection(web, response.access_token);
    assert.deepEqual([found.active, found.sub, found.client_id], [true, response.claims().sub, apps.web.client_id]);
    assert.equal((await oidc.tokenIntrospection(exempt, response.access_token)).active, false);
    await oidc.tokenRevocation(web, response.refresh_token);
    assert.equal((await oidc.tokenIntrospection(web, response.access_token)).active, false);
    await dead(web, response.access_token);
    await invalidGrant(oidc.refreshTokenGrant(web, response.refresh_token));
  },

  async "oidcc-discovery-endpoint-verification"() {
    const document = await discoveryDocument();
    assert.equal(document.issuer, issuer);
    for (const [name, value] of Object.entries(document)) {
      if (name.endsWith("_endpoint") || name === "jwks_uri") assert.equal(new URL(value).origin, issuer, name);
    }
    assert.ok(document.id_token_signing_alg_values_supported.includes("RS256"));
    assert.ok(document.scopes_supported.includes("openid"));
    assert.deepEqual([document.subject_types_supported, document.response_types_supported], [["public"], ["code"]]);
    const { keys } = await (await fetch(document.jwks_uri)).json();
    assert.deepEqual(keys.map((key) => [key.alg, key.use]).sort(), [["ES256", "sig"], ["RS256", "sig"]]);
    assert.ok(keys.every((key) => key.kid && !key.d && !key.p));
  },

  async "oidcc-rp-initiated-logout-discovery-endpoint-verification"() {
    assert.equal((await discoveryDocument()).end_session_endpoint, new URL("/oauth/logout", issuer).href);
  },
  async "oidcc-rp-initiated-logout"() {
    const browser = await logout((hint) => ({ ...back, id_token_hint: hint, state: "a&b" }));
    assert.deepEqual([browser.page.outside, browser.page.url.href], [true, `${afterLogout}?state=a%26b`]);
    await signedOut(browser);
  },
  async "oidcc-rp-initiated-logout-no-state"() {
    const browser = await logout((hint) => ({ ...back, id_token_hint: hint }));
    assert.deepEqual([browser.page.outside, browser.page.url.href], [true, afterLogout]);
    await signedOut(browser);
  },
  async "oidcc-rp-initiated-logout-no-post-logout-redirect-uri"() {
    const browser = await logout((hint) => ({ id_token_hint: hint }));
    await signedOut(browser.sees("Sign in"));
  },
  "oidcc-rp-initiated-logout-no-params": () => asks(() => ({})),
  "oidcc-rp-initiated-logout-only-state": () => asks(() => ({ state: "a-state" })),
  "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": () =>
    asks((hint) => ({ id_token_hint: hint, post_logout_redirect_uri: "https://evil.example/" })),
  "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": () =>
    asks((hint) => ({ id_token_hint: hint, post_logout_redirect_uri: `${afterLogout}?foo=bar` })),
  "oidcc-rp-initiated-logout-no-id-token-hint": () => asks(() => back),
  "oidcc-rp-initiated-logout-modified-id-token-hint": () => asks((hint) => ({ ...back, id_token_hint: forgedHint(hint, "none") })),
  "oidcc-rp-initiated-logout-bad-id-token-hint": () => asks((hint) => ({ ...back, id_token_hint: forgedHint(hint, "RS256") })),

  async "oidcc-backchannel-logout-discovery-endpoint-verification"() {
    const document = await discoveryDocument();
    assert.deepEqual([document.backchannel_logout_supported, document.backchannel_logout_session_supported], [true, true]);
  },
  async "oidcc-backchannel-rp-initiated-logout"() {
    const browser = await signedIn();
    const { id_token: idToken } = await tokens(exempt, {}, browser);
    const { sid, sub } = JSON.parse(Buffer.from(idToken.split(".")[1], "base64url"));
    await browser.open(oidc.buildEndSessionUrl(exempt, { ...back, id_token_hint: idToken }));
    assert.equal(browser.page.url.href, afterLogout);
    let token;
    while (!(token = await (await fetch(backchannel)).text())) await sleep(50);
    const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(web.serverMetadata().jwks_uri)), {
      issuer, audience: apps.exempt.client_id, typ: "logout+jwt", algorithms: ["ES256"], requiredClaims: ["iat", "exp", "jti"],
    });
    assert.deepEqual([payload.sid, payload.sub, payload.nonce], [sid, sub, undefined]);
    assert.deepEqual(payload.events, { "http://schemas.openid.net/event/backchannel-logout": {} });
    assert.ok(protectedHeader.kid);
    await refused({ prompt: "none" }, "login_required", browser, exempt);
  },
};

async function unlisted(scope) {
  assert.ok(!(await discoveryDocument()).scopes_supported.includes(scope), "it is listed: test its claims");
  assert.equal((await tokens(web, { scope: `openid ${scope}` })).scope, "openid");
}

const requestObject = (claims) => `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify({ client_id: apps.web.client_id, ...claims }))}.`;

export default modules;
