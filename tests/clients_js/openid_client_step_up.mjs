// openid-client 6 has an operation confirmed: acr_values, max_age and authorization_details in a pushed request.
// The customer's part is somebody else's: the address is told, and the answer comes as a line on standard input.

import { createInterface } from 'node:readline/promises';

import * as client from 'openid-client';

import { clientAuthentication, settings } from './settings.mjs';
import { refused, step } from './steps.mjs';

const details = JSON.parse(process.env.AUTHORIZATION_DETAILS);
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();

const config = await step('discovery', async () => client.discovery(
  settings.issuer,
  settings.clientId,
  { id_token_signed_response_alg: settings.idTokenAlg },
  await clientAuthentication(client),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
), (found) => ({
  types: found.serverMetadata().authorization_details_types_supported,
  classes: found.serverMetadata().acr_values_supported,
}));

const bound = settings.dpop && { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };

async function request(more) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier: verifier,
    expectedNonce: client.randomNonce(),
    expectedState: client.randomState(),
    idTokenExpected: true,
    maxAge: 300,
  };
  const url = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: settings.redirectUri,
    scope: settings.scope,
    response_type: 'code',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    acr_values: 'urn:idp:acr:2',
    max_age: '300',
    ...more,
  }, ...(bound ? [bound] : []));
  return { url, checks };
}

await step('what_is_no_operation_is_not_taken', () => refused(
  () => request({ authorization_details: JSON.stringify([{ ...details, iban: 'IT00' }]) }),
  'invalid_authorization_details',
), (error) => ({ error }));

const { url, checks } = await step('pushed', () => request({ authorization_details: JSON.stringify([details]) }), (made) => ({
  url: made.url.href,
  parameters: [...made.url.searchParams.keys()].sort(),
}));

const back = new URL((await lines.next()).value);
await step('code', () => client.authorizationCodeGrant(config, back, checks, undefined, bound), (set) => ({
  token_type: set.token_type,
  expires_in: set.expires_in,
  scope: set.scope,
  authorization_details: set.authorization_details,
  acr: set.claims().acr,
  refresh_token: Boolean(set.refresh_token),
}));

await step('the_code_is_good_once', () => refused(
  () => client.authorizationCodeGrant(config, back, checks, undefined, bound),
  'invalid_grant',
), (error) => ({ error }));

input.close();
