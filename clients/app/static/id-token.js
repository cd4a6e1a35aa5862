// Judging an ID token in the browser (OpenID Connect Core §3.1.3.7), ES256 only.

import { fromBase64Url, jsonPart, sha256, toBase64Url } from "./encoding.js";

const LEEWAY = 10; // seconds by which two machines' clocks may differ
const LARGEST = 16384;

export class TokenRefused extends Error {}

/**
 * The claims of an ID token that is the issuer's, for this client, alive, and answers this sign-in.
 * `nonce` is null only for tokens that come with a refresh. Throws TokenRefused.
 */
export async function readIdToken(token, { issuer, clientId, nonce, accessToken, jwks, now }) {
  const parts = String(token).split(".");
  if (parts.length !== 3 || token.length > LARGEST) throw new TokenRefused("no signed token");
  let header, claims, signature;
  try {
    header = jsonPart(parts[0]);
    claims = jsonPart(parts[1]);
    signature = fromBase64Url(parts[2]);
  } catch {
    throw new TokenRefused("the token cannot be read");
  }
  if (header.alg !== "ES256") throw new TokenRefused("the algorithm is another");
  if ("crit" in header) throw new TokenRefused("an extension is demanded");
  if ("typ" in header && String(header.typ).toLowerCase() !== "jwt") throw new TokenRefused("another kind of token");
  const key = await verificationKey(header.kid, jwks);
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed))) {
    throw new TokenRefused("the signature does not hold");
  }
  await checkClaims(claims, { issuer, clientId, nonce, accessToken, now });
  return claims;
}

async function verificationKey(kid, jwks) {
  const found = (jwks.keys ?? []).find(
    (key) => typeof kid === "string" && key.kid === kid && key.kty === "EC" && key.crv === "P-256"
      && (key.use ?? "sig") === "sig" && (key.alg ?? "ES256") === "ES256",
  );
  if (!found) throw new TokenRefused("the key is unknown");
  const { kty, crv, x, y } = found;
  try {
    return await crypto.subtle.importKey("jwk", { kty, crv, x, y }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  } catch {
    throw new TokenRefused("the key cannot be used");
  }
}

async function checkClaims(claims, { issuer, clientId, nonce, accessToken, now }) {
  const audience = [].concat(claims.aud);
  if (claims.iss !== issuer) throw new TokenRefused("the issuer is another");
  if (audience.length !== 1 || audience[0] !== clientId) throw new TokenRefused("the audience is another");
  if ("azp" in claims && claims.azp !== clientId) throw new TokenRefused("issued to another client");
  if (!Number.isFinite(claims.exp) || claims.exp + LEEWAY <= now) throw new TokenRefused("the token has expired");
  if (!Number.isFinite(claims.iat) || claims.iat - LEEWAY > now) throw new TokenRefused("the token is from the future");
  if (typeof claims.sub !== "string" || claims.sub === "") throw new TokenRefused("the token names nobody");
  if (nonce !== null && claims.nonce !== nonce) throw new TokenRefused("the nonce is another");
  if ("at_hash" in claims && accessToken !== undefined) {
    const expected = toBase64Url((await sha256(accessToken)).slice(0, 16));
    if (claims.at_hash !== expected) throw new TokenRefused("the access token is another");
  }
}
