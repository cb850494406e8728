// Asks the browser for a passkey and posts it with the page's own form. The options are in
// the page, so the dialog follows directly from the click.
"use strict";

let pending; // aborts the request that waits for the user

const encode = (buffer) =>
	btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// The JSON is made here: toJSON fails with some password managers.
function toJSON(credential) {
	const response = {};
	for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
		if (credential.response[name]) response[name] = encode(credential.response[name]);
	}
	if (credential.response.getTransports) response.transports = credential.response.getTransports();
	const id = encode(credential.rawId);
	return JSON.stringify({ id, rawId: id, type: credential.type, response });
}

async function run(form, mediation) {
	pending?.abort();
	pending = new AbortController();
	const options = JSON.parse(form.dataset.options);
	const request = { signal: pending.signal };
	if (mediation) request.mediation = mediation;
	const create = form.dataset.passkey === "create";
	request.publicKey = create
		? PublicKeyCredential.parseCreationOptionsFromJSON(options)
		: PublicKeyCredential.parseRequestOptionsFromJSON(options);
	const credential = await (create ? navigator.credentials.create(request) : navigator.credentials.get(request));
	form.elements.credential.value = toJSON(credential);
	form.submit();
}

function prepare(form) {
	const button = form.querySelector("button");
	const status = form.querySelector("[data-status]");
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		button.disabled = true;
		status.hidden = true;
		try {
			await run(form);
		} catch (error) {
			status.textContent = form.dataset["on" + error.name] || form.dataset.onError;
			status.hidden = false;
			button.disabled = false;
		}
	});
	form.hidden = false;
}

async function start() {
	if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
	document.querySelectorAll("[data-without-passkeys]").forEach((element) => (element.hidden = true));
	document.querySelectorAll("form[data-passkey]").forEach(prepare);
	for (const element of document.querySelectorAll("[data-signal]")) {
		PublicKeyCredential[element.dataset.signal]?.(JSON.parse(element.dataset.options)).catch(() => {});
	}
	const form = document.querySelector("form[data-autofill]");
	if (form && (await PublicKeyCredential.isConditionalMediationAvailable?.())) run(form, "conditional").catch(() => {});
}

start();
