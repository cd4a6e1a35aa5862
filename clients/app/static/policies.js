// The policies API, asked with the access token; a token refused once is renewed once.

import { stepUpIn } from "./challenges.js";
import { bodyOf } from "./payout-order.js";
import { Unreachable, fetchJson } from "./provider.js";

export class SignInNeeded extends Error {}

export class Policies {
  #url;
  #signIn;
  #language;

  constructor(url, signIn, language) {
    this.#url = url;
    this.#signIn = signIn;
    this.#language = language;
  }

  /** The customer's policies. Throws SignInNeeded, Unreachable. */
  held() {
    return this.#read("/policies");
  }

  /** The documents of one policy. Throws SignInNeeded, Unreachable. */
  documents(number) {
    return this.#read(`/policies/${encodeURIComponent(number)}/documents`);
  }

  /**
   * Asks for a payout: {accepted: reference}, {stepUp} what the customer has to confirm first, or {rejected: error, fields}.
   * Throws SignInNeeded, Unreachable.
   */
  pay(payout) {
    return this.#withToken(async (token) => this.#pay(payout, token));
  }

  /** Asks for a payout with the one token that confirms it; null when the token is not accepted. Throws Unreachable. */
  payOnce(payout, { token, key }) {
    return this.#pay(payout, token, key);
  }

  async #pay(payout, token, key) {
    const url = `${this.#url}/policies/${encodeURIComponent(payout.policy_number)}/payouts`;
    const { status, ok, body, challenge } = await fetchJson(url, {
      method: "POST",
      headers: { ...(await this.#signIn.presenting(token, url, "POST", key)), "Content-Type": "application/json" },
      body: JSON.stringify(bodyOf(payout)),
    });
    if (ok && typeof body.reference === "string") return { accepted: body.reference };
    if (status === 401 || status === 403) {
      const stepUp = stepUpIn(challenge);
      return stepUp === null ? null : { stepUp };
    }
    if (status >= 400 && status < 500 && body.error) return { rejected: body.error, fields: body.fields ?? [] };
    throw new Unreachable(`the API answered ${status}`);
  }

  async #read(path) {
    const url = this.#url + path;
    return this.#withToken(async (token) => {
      const { status, ok, body } = await fetchJson(url, {
        headers: { ...(await this.#signIn.presenting(token, url)), "Accept-Language": this.#language },
      });
      if (ok) return body;
      if (status !== 401) throw new Unreachable(`the API answered ${status}`);
      return null;
    });
  }

  /** What `call` answers with a living token; null of it means that the token was refused. */
  async #withToken(call) {
    let refused;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const token = await this.#signIn.accessToken({ refused });
      if (token === null) throw new SignInNeeded();
      const answer = await call(token);
      if (answer !== null) return answer;
      refused = token;
    }
    throw new Unreachable("a fresh token is not accepted");
  }
}
