// The policies API, read with the access token; a token refused once is renewed once.

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

  async #read(path) {
    let refused;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const token = await this.#signIn.accessToken({ refused });
      if (token === null) throw new SignInNeeded();
      const { status, ok, body } = await fetchJson(this.#url + path, {
        headers: { ...(await this.#signIn.presenting(token, this.#url + path)), "Accept-Language": this.#language },
      });
      if (ok) return body;
      if (status !== 401) throw new Unreachable(`the API answered ${status}`);
      refused = token;
    }
    throw new Unreachable("a fresh token is not accepted");
  }
}
