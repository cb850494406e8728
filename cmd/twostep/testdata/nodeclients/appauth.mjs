// AppAuth, as a native app on a computer uses it: the system's browser, and a server on the
// loopback interface that gets the response.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { register } from "node:module";
import { Browser } from "./browser.mjs";

// AppAuth's files name each other without the extension that Node.js asks for, and open
// the browser with the package opener.
register(`data:text/javascript,${encodeURIComponent(`
  export async function resolve(specifier, context, next) {
    if (specifier === "opener") {
      return { url: "data:text/javascript,export default (url) => globalThis.openInBrowser(url)", shortCircuit: true };
    }
    if (context.parentURL?.includes("/@openid/appauth/") && specifier.startsWith(".")) {
      return next(specifier + ".js", context).catch(() => next(specifier + "/index.js", context));
    }
    return next(specifier, context);
  }`)}`);
const source = new URL("node_modules/@openid/appauth/built/src/", import.meta.url);
const appauth = await import(new URL("index.js", source));
const { NodeBasedHandler } = await import(new URL("node_support/node_request_handler.js", source));
const { NodeRequestor } = await import(new URL("node_support/node_requestor.js", source));
const { NodeCrypto } = await import(new URL("node_support/crypto_utils.js", source));

const { issuer, email, password, apps } = JSON.parse(process.env.SETTINGS);
const clientID = apps.native.client_id;

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export default {
  async appauth() {
    const port = await freePort();
    const requestor = new NodeRequestor();
    const configuration = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(issuer, requestor);
    const request = new appauth.AuthorizationRequest(
      { client_id: clientID, redirect_uri: `http://127.0.0.1:${port}/callback`, scope: "openid email", response_type: "code" },
      new NodeCrypto(),
    );
    const browser = new Browser(issuer);
    globalThis.openInBrowser = async (url) => {
      await browser.open(url);
      await browser.sees("Sign in").press("Continue", { email, password });
      await browser.sees("Continue to Notes").press("Continue");
      await fetch(browser.page.url);
    };
    const handler = new NodeBasedHandler(port);
    const code = await new Promise((resolve, reject) => {
      const notifier = new appauth.AuthorizationNotifier();
      notifier.setAuthorizationListener((_, response, error) => (error ? reject(error.error) : resolve(response.code)));
      handler.setAuthorizationNotifier(notifier);
      handler.performAuthorizationRequest(configuration, request);
    });
    const tokens = new appauth.BaseTokenRequestHandler(requestor);
    const first = await tokens.performTokenRequest(configuration, new appauth.TokenRequest({
      client_id: clientID, redirect_uri: request.redirectUri, grant_type: appauth.GRANT_TYPE_AUTHORIZATION_CODE, code,
      extras: { code_verifier: request.internal.code_verifier },
    }));
    assert.ok(first.idToken && first.expiresIn === 300, "no ID token");
    const second = await tokens.performTokenRequest(configuration, new appauth.TokenRequest({
      client_id: clientID, redirect_uri: request.redirectUri, grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN, refresh_token: first.refreshToken,
    }));
    const userInfo = (token) => requestor.xhr({
      url: configuration.userInfoEndpoint, method: "GET", dataType: "json", headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal((await userInfo(second.accessToken)).email, email);
    await tokens.performRevokeTokenRequest(configuration, new appauth.RevokeTokenRequest({ client_id: clientID, token: second.refreshToken }));
    await assert.rejects(userInfo(second.accessToken), { message: "Unauthorized" });
  },
};
