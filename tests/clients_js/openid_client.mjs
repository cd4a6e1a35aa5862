// openid-client 6 as a relying party: the whole life of one sign-in.

import * as client from 'openid-client';

import { Browser } from './front_channel.mjs';
import { clientAuthentication, confidential, settings } from './settings.mjs';
import { check, refused, step } from './steps.mjs';

const browser = new Browser(settings.cookie);

const config = await step('discovery', async () => client.discovery(
  settings.issuer,
  settings.clientId,
  { id_token_signed_response_alg: settings.idTokenAlg },
  await clientAuthentication(client),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
), (found) => ({ issuer: found.serverMetadata().issuer }));

const bound = settings.dpop && { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };

async function request(more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier: verifier,
    expectedNonce: client.randomNonce(),
    expectedState: client.randomState(),
    idTokenExpected: true,
  };
  const build = settings.pushes ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  const url = await build(config, {
    redirect_uri: settings.redirectUri,
    scope: settings.scope,
    response_type: 'code',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  }, ...(settings.pushes && bound ? [bound] : []));
  return { url, checks };
}

/** The resource server's own view of the provider. */
function resourceServer() {
  const { clientId, secret } = settings.resourceServer;
  return client.discovery(settings.issuer, clientId, {}, client.ClientSecretBasic(secret), {
    execute: [client.allowInsecureRequests],
  });
}

const first = await request();
const back = await step('authorization', () => browser.open(first.url, settings.redirectUri), (url) => ({
  parameters: [...url.searchParams.keys()].sort(),
}));

await step('state_mismatch_is_seen', async () => {
  try {
    await client.authorizationCodeGrant(config, back, { ...first.checks, expectedState: 'another' });
  } catch (error) {
    check(/state/.test(error.message + error.cause?.message), `refused for another reason: ${error.message}`);
    return;
  }
  throw new Error('a response with a foreign state was accepted');
});

const tokens = await step('code', () => client.authorizationCodeGrant(config, back, first.checks, undefined, bound), (set) => ({
  token_type: set.token_type,
  expires_in: set.expires_in,
  scope: set.scope,
  id_token_claims: Object.keys(set.claims()).sort(),
  refresh_token: Boolean(set.refresh_token),
}));
const { sub } = tokens.claims();

await step('userinfo', () => client.fetchUserInfo(config, tokens.access_token, sub, bound), (claims) => ({
  claims: Object.keys(claims).sort(),
}));

if (bound) {
  await step('a_bound_token_is_no_bearer_token', async () => {
    const answer = await fetch(config.serverMetadata().userinfo_endpoint, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    check(answer.status === 401, `a bound token opened as a bearer token: ${answer.status}`);
  });
}

const refreshed = await step('refresh', async () => {
  check(tokens.refresh_token, 'no refresh token was issued');
  const set = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, bound);
  check(!set.claims() || set.claims().sub === sub, 'the subject changed at refresh');
  check(set.access_token !== tokens.access_token, 'the same access token came back');
  return set;
}, (set) => ({ rotated: Boolean(set.refresh_token) && set.refresh_token !== tokens.refresh_token }));

if (confidential || settings.resourceServer) {
  const asker = settings.resourceServer ? await resourceServer() : config;
  await step('introspection', async () => {
    const seen = await client.tokenIntrospection(asker, refreshed.access_token);
    check(seen.active === true, 'a token just issued is not active');
    check(seen.sub === sub, 'introspection names another subject');
    return seen;
  }, (seen) => ({ members: Object.keys(seen).sort() }));
}
if (confidential && settings.resourceServer) {
  await step('introspection_is_for_resource_servers', async () => {
    const seen = await client.tokenIntrospection(config, refreshed.access_token);
    check(seen.active === false, 'a token is described to a client that is no resource server');
    check(Object.keys(seen).length === 1, 'an inactive token is described (RFC 7662 §2.2)');
  });
}

const current = refreshed.refresh_token ?? tokens.refresh_token;
await step('revocation', () => client.tokenRevocation(config, current, { token_type_hint: 'refresh_token' }));
await step('refresh_after_revocation', () => refused(
  () => client.refreshTokenGrant(config, current, undefined, bound),
  'invalid_grant',
), (error) => ({ error }));
if (confidential) {
  await step('introspection_after_revocation', async () => {
    const seen = await client.tokenIntrospection(config, current);
    check(seen.active === false, 'a revoked refresh token is active');
    check(Object.keys(seen).length === 1, 'an inactive token is described (RFC 7662 §2.2)');
  });
}

// A server may end the whole grant with the token revoked above (RFC 7009 §2.1): ask once, then silently.
await step('sign_in_again', async () => browser.open((await request()).url, settings.redirectUri));
const silent = await request({ prompt: 'none' });
const again = await step('silent_sign_in', async () => client.authorizationCodeGrant(
  config,
  await browser.open(silent.url, settings.redirectUri),
  silent.checks,
  undefined,
  bound,
), (set) => ({ same_subject: set.claims().sub === sub }));

const outcome = await step('end_session', async () => {
  const url = client.buildEndSessionUrl(config, {
    id_token_hint: again.id_token,
    ...(settings.postLogoutRedirectUri && {
      post_logout_redirect_uri: settings.postLogoutRedirectUri,
      state: 'good-bye',
    }),
  });
  const end = await browser.follow(url, settings.postLogoutRedirectUri ?? settings.redirectUri);
  check(end.location || end.status === 200, `the end session endpoint answers ${end.status}: ${end.page}`);
  if (end.location) check(end.location.searchParams.get('state') === 'good-bye', 'state was not given back');
  return end;
}, (end) => ({ outcome: end.location ? 'redirected' : 'page', page: end.page?.slice(0, 60) }));

if (outcome.location) {
  await step('silent_sign_in_after_logout', async () => {
    const { url, checks } = await request({ prompt: 'none' });
    const answer = await browser.open(url, settings.redirectUri);
    return refused(() => client.authorizationCodeGrant(config, answer, checks), 'login_required');
  }, (error) => ({ error }));
}
