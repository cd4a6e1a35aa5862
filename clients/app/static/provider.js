// The OpenID provider as the app sees it: discovery, keys, token endpoint.

export class Unreachable extends Error {}

const PATIENCE = 8000; // milliseconds

/** The provider does not take the request; `code` is its error. */
export class PushRefused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Fetches JSON without cookies and without following redirects; throws Unreachable. */
export async function fetchJson(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
    const body = await answer.json();
    return { status: answer.status, ok: answer.ok, body, challenge: answer.headers.get("WWW-Authenticate") ?? "" };
  } catch (fault) {
    if (answer !== undefined) return { status: answer.status, ok: false, body: {}, challenge: "" };
    throw new Unreachable(String(fault));
  }
}

/** The discovery document; its issuer is ours to the letter (OpenID Connect Discovery §4.3). */
export async function discover(issuer) {
  const { ok, body } = await fetchJson(`${issuer}/.well-known/openid-configuration`);
  if (!ok || body.issuer !== issuer) throw new Unreachable("no discovery document of this issuer");
  return body;
}

export async function readKeys(metadata) {
  const { ok, body } = await fetchJson(metadata.jwks_uri);
  if (!ok) throw new Unreachable("no keys");
  return body;
}

/** The token endpoint's answer; `ok` is false when it refuses. With a key, the tokens are to be bound to it. */
export async function requestTokens(metadata, form, key) {
  const headers = key === null ? {} : { DPoP: await key.proof("POST", metadata.token_endpoint) };
  return fetchJson(metadata.token_endpoint, { method: "POST", headers, body: new URLSearchParams(form) });
}

/** Pushes an authorization request (RFC 9126) and gives the address that stands for it. Throws PushRefused, Unreachable. */
export async function push(metadata, form) {
  const { status, body } = await fetchJson(metadata.pushed_authorization_request_endpoint, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  if (status !== 201 || typeof body.request_uri !== "string") throw new PushRefused(body.error ?? "server_error");
  return body.request_uri;
}
