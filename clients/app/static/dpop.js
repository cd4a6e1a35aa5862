// Proofs of possession (RFC 9449). The key is made in the browser and cannot be taken out of it: a script that steals a
// token has nothing to present it with, and one that steals a code nothing to redeem it with: the request names the key
// already (§10). Key and tokens live and end together, with the page.

import { randomText, sha256, toBase64Url } from "./encoding.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const encoder = new TextEncoder();

/** Whether the provider binds tokens to such a key. */
export function bindsTokens(metadata) {
  return (metadata.dpop_signing_alg_values_supported ?? []).includes("ES256");
}

export class ProofKey {
  #private;
  #jwk;

  constructor(pair, jwk) {
    this.#private = pair.privateKey;
    this.#jwk = jwk;
  }

  static async make() {
    const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    return new ProofKey(pair, { kty, crv, x, y });
  }

  /** The key that `kept` gave away. */
  static of({ privateKey, jwk }) {
    return new ProofKey({ privateKey }, jwk);
  }

  /** What is stored of it; the private part stays closed wherever it lies. */
  kept() {
    return { privateKey: this.#private, jwk: this.#jwk };
  }

  /** Its name (RFC 7638): members in the order of their names. */
  async thumbprint() {
    const { kty, crv, x, y } = this.#jwk;
    return toBase64Url(await sha256(JSON.stringify({ crv, kty, x, y })));
  }

  /** A proof for one request, and for the access token it presents, if it presents one. */
  async proof(method, url, accessToken) {
    const { origin, pathname } = new URL(url);
    const claims = { jti: randomText(), htm: method, htu: origin + pathname, iat: Math.floor(Date.now() / 1000) };
    if (accessToken !== undefined) claims.ath = toBase64Url(await sha256(accessToken));
    const message = `${part({ typ: "dpop+jwt", alg: "ES256", jwk: this.#jwk })}.${part(claims)}`;
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, this.#private, encoder.encode(message));
    return `${message}.${toBase64Url(signature)}`;
  }
}

function part(value) {
  return toBase64Url(encoder.encode(JSON.stringify(value)));
}
