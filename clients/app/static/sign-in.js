// Signing in: to the provider and back. Authorization code with PKCE (RFC 7636), state, nonce and iss (RFC 9207).
// Tokens, and the key they are bound to (RFC 9449), stay in this module's memory and end with the page; only what must outlive the redirect (verifier, state,
// nonce, language) waits in sessionStorage, and is taken out the moment the answer arrives.

import { ProofKey, bindsTokens } from "./dpop.js";
import { randomText, sha256, toBase64Url } from "./encoding.js";
import { TokenRefused, readIdToken } from "./id-token.js";
import { fetchJson, readKeys, requestTokens } from "./provider.js";

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

  /** Leaves for the provider. `prompt` is "none" for a silent attempt, "create" to register. */
  async leave({ prompt, language }) {
    const waiting = { state: randomText(), nonce: randomText(), verifier: randomText(), prompt: prompt ?? null, language };
    sessionStorage.setItem(WAITING, JSON.stringify(waiting));
    const question = new URLSearchParams({
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: this.#config.redirect_uri,
      scope: this.#config.scope,
      state: waiting.state,
      nonce: waiting.nonce,
      code_challenge: toBase64Url(await sha256(waiting.verifier)),
      code_challenge_method: "S256",
      ui_locales: language,
    });
    if (prompt) question.set("prompt", prompt);
    const address = withQuestion(this.#metadata.authorization_endpoint, question);
    // A silent attempt leaves no step in the history that the back button would fall into.
    if (prompt === "none") location.replace(address);
    else location.assign(address);
  }

  /** Who the answer in this address signs in. Throws SignInFailed, Unreachable. */
  async arrive(answer, waiting) {
    for (const name of ["code", "state", "iss", "error"]) {
      if (answer.getAll(name).length > 1) throw new SignInFailed("repeated_parameter");
    }
    if (waiting === null || answer.get("state") !== waiting.state) throw new SignInFailed("unknown_state");
    const promised = this.#metadata.authorization_response_iss_parameter_supported === true;
    if ((promised || answer.has("iss")) && answer.get("iss") !== this.#config.issuer) throw new SignInFailed("wrong_issuer");
    if (answer.has("error")) throw new SignInFailed(answer.get("error"));
    if (!answer.get("code")) throw new SignInFailed("code_missing");
    this.#key = bindsTokens(this.#metadata) ? await ProofKey.make() : null;
    const { ok, body } = await requestTokens(this.#metadata, {
      grant_type: "authorization_code",
      code: answer.get("code"),
      redirect_uri: this.#config.redirect_uri,
      client_id: this.#config.client_id,
      code_verifier: waiting.verifier,
    }, this.#key);
    if (!ok) throw new SignInFailed(body.error ?? "server_error");
    const claims = await this.#keep(body, waiting.nonce, null);
    return { ...claims, ...(await this.#userInfo(claims.sub)) };
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

  /** The headers of a GET that presents an access token, with a proof of the key it is bound to. */
  async presenting(token, url) {
    if (this.#key === null) return { Authorization: `Bearer ${token}` };
    return { Authorization: `DPoP ${token}`, DPoP: await this.#key.proof("GET", url, token) };
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
    // A provider that binds tokens and does not bind this one is not to be followed.
    const expected = this.#key === null ? "bearer" : "dpop";
    if (typeof body.access_token !== "string" || String(body.token_type).toLowerCase() !== expected) {
      throw new SignInFailed("invalid_token");
    }
    let claims = null;
    if (body.id_token !== undefined || subject === null) {
      try {
        claims = await readIdToken(body.id_token, {
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

function withQuestion(address, question) {
  return `${address}${address.includes("?") ? "&" : "?"}${question}`;
}
