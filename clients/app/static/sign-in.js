// Signing in: to the provider and back. Authorization code with PKCE (RFC 7636), state, nonce and iss (RFC 9207).
// Tokens, and the key they are bound to (RFC 9449), stay in this module's memory and end with the page; only what must outlive the redirect (verifier, state,
// nonce, language, a payout to be confirmed) waits in sessionStorage, the key in `waiting-keys`, and both are taken out the
// moment the answer arrives.

import { ProofKey, bindsTokens } from "./dpop.js";
import { randomText, sha256, toBase64Url } from "./encoding.js";
import { TokenRefused, readIdToken } from "./id-token.js";
import { fetchJson, push, readKeys, requestTokens } from "./provider.js";
import { keep, take } from "./waiting-keys.js";

const WAITING = "app_sign_in";
const EARLY = 20; // seconds before its end an access token is renewed

export class SignInFailed extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const now = () => Math.floor(Date.now() / 1000);

export class SignIn {
  #config;
  #metadata;
  #tokens = null;
  #key = null;
  #renewing = null;

  constructor(config, metadata) {
    this.#config = config;
    this.#metadata = metadata;
  }

  /**
   * Leaves for the provider. `prompt` is "none" for a silent attempt, "create" to register; `acrValues` are the classes
   * wished for, best first; `told` is what a page to come back to shows.
   */
  async leave({ prompt, language, acrValues, told }) {
    const waiting = { prompt: prompt ?? null, language, ...(told ? { told } : {}), ...secrets() };
    const question = new URLSearchParams(await this.#question(waiting, this.#config.scope));
    if (prompt) question.set("prompt", prompt);
    if (acrValues) question.set("acr_values", acrValues);
    sessionStorage.setItem(WAITING, JSON.stringify(waiting));
    const address = withQuestion(this.#metadata.authorization_endpoint, question);
    // A silent attempt leaves no step in the history that the back button would fall into.
    if (prompt === "none") location.replace(address);
    else location.assign(address);
  }

  /**
   * Has a payout confirmed (RFC 9396): what is asked is pushed and does not pass through an address. `stepUp` is what the
   * API misses, `typed` the form as it was. Throws PushRefused, Unreachable.
   */
  async confirm(payout, { stepUp, typed, language }) {
    const waiting = { payout, typed, language, subject: this.#tokens.subject, ...secrets() };
    const wishes = {
      authorization_details: JSON.stringify([payout]),
      acr_values: stepUp.acrValues,
      max_age: stepUp.maxAge,
      id_token_hint: this.#tokens.idToken,
    };
    const form = await this.#question(waiting, stepUp.scope ? `openid ${stepUp.scope}` : "openid");
    for (const [name, value] of Object.entries(wishes)) if (value) form[name] = value;
    const requestUri = await push(this.#metadata, form);
    sessionStorage.setItem(WAITING, JSON.stringify(waiting));
    const brought = new URLSearchParams({ client_id: this.#config.client_id, request_uri: requestUri });
    location.assign(withQuestion(this.#metadata.authorization_endpoint, brought));
  }

  /**
   * The one token of a confirmed payout, with the key it is bound to: for one request, apart from the session's tokens.
   * Throws SignInFailed, Unreachable.
   */
  async arriveConfirmed(answer, waiting) {
    const { body, key } = await this.#redeem(answer, waiting);
    this.#checkType(body, key);
    if (body.id_token !== undefined) {
      const claims = await this.#readIdToken(body, waiting.nonce);
      if (claims.sub !== waiting.subject) throw new SignInFailed("invalid_token");
    }
    return { token: body.access_token, key };
  }

  /** Who the answer in this address signs in. Throws SignInFailed, Unreachable. */
  async arrive(answer, waiting) {
    const { body, key } = await this.#redeem(answer, waiting);
    this.#key = key;
    const claims = await this.#keep(body, waiting.nonce, null);
    return { ...claims, ...(await this.#userInfo(claims.sub)) };
  }

  /** What every authorization request of ours says; with the key that its code shall be bound to (RFC 9449 §10). */
  async #question(waiting, scope) {
    const key = bindsTokens(this.#metadata) ? await ProofKey.make() : null;
    if (key !== null) await keep(waiting.state, key);
    return {
      ...(key === null ? {} : { dpop_jkt: await key.thumbprint() }),
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: this.#config.redirect_uri,
      scope,
      state: waiting.state,
      nonce: waiting.nonce,
      code_challenge: toBase64Url(await sha256(waiting.verifier)),
      code_challenge_method: "S256",
      ui_locales: waiting.language,
    };
  }

  /** The token response for the code in this address, and the key its tokens are bound to. */
  async #redeem(answer, waiting) {
    for (const name of ["code", "state", "iss", "error"]) {
      if (answer.getAll(name).length > 1) throw new SignInFailed("repeated_parameter");
    }
    const key = waiting === null ? null : await take(waiting.state);
    if (waiting === null || answer.get("state") !== waiting.state) throw new SignInFailed("unknown_state");
    const promised = this.#metadata.authorization_response_iss_parameter_supported === true;
    if ((promised || answer.has("iss")) && answer.get("iss") !== this.#config.issuer) throw new SignInFailed("wrong_issuer");
    if (answer.has("error")) throw new SignInFailed(answer.get("error"));
    if (!answer.get("code")) throw new SignInFailed("code_missing");
    if (key === null && bindsTokens(this.#metadata)) throw new SignInFailed("unknown_state");
    const { ok, body } = await requestTokens(this.#metadata, {
      grant_type: "authorization_code",
      code: answer.get("code"),
      redirect_uri: this.#config.redirect_uri,
      client_id: this.#config.client_id,
      code_verifier: waiting.verifier,
    }, key);
    if (!ok) throw new SignInFailed(body.error ?? "server_error");
    return { body, key };
  }

  get isSignedIn() {
    return this.#tokens !== null;
  }

  /** A living access token, or null when the provider must be asked again. One renewal at a time. */
  async accessToken({ refused } = {}) {
    if (this.#tokens === null) return null;
    if (this.#tokens.access !== refused && this.#tokens.until - EARLY > now()) return this.#tokens.access;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return (await this.#renewing) ? this.#tokens.access : null;
  }

  /** The headers that present an access token, with a proof of the key it is bound to: the session's, or `key`. */
  async presenting(token, url, method = "GET", key = this.#key) {
    if (key === null) return { Authorization: `Bearer ${token}` };
    return { Authorization: `DPoP ${token}`, DPoP: await key.proof(method, url, token) };
  }

  /** Forgets every token and leaves for the provider's sign-out (RP-Initiated Logout 1.0). */
  leaveForGood(language) {
    const hint = this.#tokens?.idToken;
    this.#tokens = null;
    const question = new URLSearchParams({ client_id: this.#config.client_id, ui_locales: language });
    if (hint) question.set("id_token_hint", hint);
    if (this.#config.post_logout_redirect_uri) {
      question.set("post_logout_redirect_uri", this.#config.post_logout_redirect_uri);
    }
    location.replace(withQuestion(this.#metadata.end_session_endpoint, question));
  }

  async #renew() {
    const { refresh, subject } = this.#tokens;
    if (!refresh) return this.#forget();
    const { ok, body } = await requestTokens(this.#metadata, {
      grant_type: "refresh_token",
      refresh_token: refresh,
      client_id: this.#config.client_id,
    }, this.#key);
    if (!ok) return this.#forget();
    try {
      await this.#keep(body, null, subject);
    } catch (fault) {
      if (fault instanceof SignInFailed) return this.#forget();
      throw fault;
    }
    return true;
  }

  #forget() {
    this.#tokens = null;
    return false;
  }

  async #keep(body, nonce, subject) {
    this.#checkType(body, this.#key);
    let claims = null;
    if (body.id_token !== undefined || subject === null) {
      claims = await this.#readIdToken(body, nonce);
      if (subject !== null && claims.sub !== subject) throw new SignInFailed("invalid_token");
    }
    this.#tokens = {
      access: body.access_token,
      until: now() + (Number.isInteger(body.expires_in) ? body.expires_in : 60),
      refresh: body.refresh_token ?? this.#tokens?.refresh ?? null,
      idToken: body.id_token ?? this.#tokens?.idToken,
      subject: claims?.sub ?? subject,
    };
    return claims;
  }

  /** A provider that binds tokens and does not bind this one is not to be followed. */
  #checkType(body, key) {
    const expected = key === null ? "bearer" : "dpop";
    if (typeof body.access_token !== "string" || String(body.token_type).toLowerCase() !== expected) {
      throw new SignInFailed("invalid_token");
    }
  }

  async #readIdToken(body, nonce) {
    try {
      return await readIdToken(body.id_token, {
        issuer: this.#config.issuer,
        clientId: this.#config.client_id,
        nonce,
        accessToken: body.access_token,
        jwks: await readKeys(this.#metadata),
        now: now(),
      });
    } catch (fault) {
      if (fault instanceof TokenRefused) throw new SignInFailed("invalid_token");
      throw fault;
    }
  }

  async #userInfo(subject) {
    if (!this.#metadata.userinfo_endpoint) return {};
    try {
      const { ok, body } = await fetchJson(this.#metadata.userinfo_endpoint, {
        headers: await this.presenting(this.#tokens.access, this.#metadata.userinfo_endpoint),
      });
      return ok && body.sub === subject ? body : {};
    } catch {
      return {}; // a name is a courtesy
    }
  }
}

/** What waited for the provider's answer, taken out for good; null when nothing did. */
export function takeWaiting() {
  const text = sessionStorage.getItem(WAITING);
  sessionStorage.removeItem(WAITING);
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** What ties an answer to its question: fresh for each. */
function secrets() {
  return { state: randomText(), nonce: randomText(), verifier: randomText() };
}

function withQuestion(address, question) {
  return `${address}${address.includes("?") ? "&" : "?"}${question}`;
}
