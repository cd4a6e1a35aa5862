// oauth4webapi 3 as a relying party: the low-level library with the strictest checks (iss of RFC 9207,
// WWW-Authenticate, content types), and what the server must refuse.

import * as oauth from 'oauth4webapi';

import { Browser } from './front_channel.mjs';
import { clientAuthentication, confidential, settings } from './settings.mjs';
import { check, refused, step } from './steps.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };
const browser = new Browser(settings.cookie);
const client = {
  client_id: settings.clientId,
  id_token_signed_response_alg: settings.idTokenAlg,
  require_auth_time: false,
};
const authentication = await clientAuthentication(oauth);

const as = await step('discovery', async () => oauth.processDiscoveryResponse(
  settings.issuer,
  await oauth.discoveryRequest(settings.issuer, insecure),
), (found) => ({
  issuer: found.issuer,
  iss_in_response: found.authorization_response_iss_parameter_supported === true,
}));

await step('metadata', () => {
  check(as.code_challenge_methods_supported?.includes('S256'), 'S256 is not advertised');
  check(as.authorization_response_iss_parameter_supported === true, 'iss in the response is not advertised');
  check(as.grant_types_supported?.includes('refresh_token'), 'the refresh grant is not advertised');
  check(
    as.token_endpoint_auth_methods_supported?.includes(settings.method),
    `${settings.method} is not advertised`,
  );
});

async function authorize(more = {}) {
  const kept = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
  };
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: settings.redirectUri,
    response_type: 'code',
    scope: settings.scope,
    state: kept.state,
    nonce: kept.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  const back = await browser.open(url, settings.redirectUri);
  check(back.searchParams.get('iss') === as.issuer, 'the response does not carry the issuer (RFC 9207)');
  return { ...kept, back };
}

function validated({ back, state }) {
  return oauth.validateAuthResponse(as, client, back, state);
}

async function exchange(parameters, { verifier, nonce }) {
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, parameters, settings.redirectUri, verifier, insecure,
  );
  check(/no-store/.test(response.headers.get('cache-control') ?? ''), 'tokens may be cached (RFC 6749 §5.1)');
  const set = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(as, response, insecure);
  return set;
}

async function refresh(token) {
  const response = await oauth.refreshTokenGrantRequest(as, client, authentication, token, insecure);
  return oauth.processRefreshTokenResponse(as, client, response);
}

async function introspect(token, asker = client, proof = authentication) {
  return oauth.processIntrospectionResponse(
    as, asker, await oauth.introspectionRequest(as, asker, proof, token, insecure),
  );
}

async function revoke(token) {
  return oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, authentication, token, insecure),
  );
}

async function userinfo(token, subject) {
  return oauth.processUserInfoResponse(
    as, client, subject, await oauth.userInfoRequest(as, client, token, insecure),
  );
}

const first = await step('authorization', () => authorize(), ({ back }) => ({
  parameters: [...back.searchParams.keys()].sort(),
}));
const parameters = await step('authorization_response', () => validated(first));
const tokens = await step('code', () => exchange(parameters, first), (set) => ({
  token_type: set.token_type,
  expires_in: set.expires_in,
  id_token_claims: Object.keys(oauth.getValidatedIdTokenClaims(set)).sort(),
  refresh_token: Boolean(set.refresh_token),
}));
const { sub } = oauth.getValidatedIdTokenClaims(tokens);

await step('userinfo', () => userinfo(tokens.access_token, sub), (claims) => ({
  claims: Object.keys(claims).sort(),
}));
await step('userinfo_refuses_a_wrong_token', async () => {
  const response = await oauth.userInfoRequest(as, client, 'not-a-token', insecure);
  try {
    await oauth.processUserInfoResponse(as, client, sub, response);
  } catch (error) {
    check(error instanceof oauth.WWWAuthenticateChallengeError, `no challenge was understood: ${error.message}`);
    const [challenge] = error.cause;
    check(error.status === 401, `${error.status} in place of 401 (RFC 6750 §3.1)`);
    check(challenge.scheme === 'bearer', `the scheme is ${challenge.scheme}`);
    return challenge.parameters.error;
  }
  throw new Error('a token that was never issued is accepted');
}, (error) => {
  check(error === 'invalid_token', `error is ${error}`);
  return { error };
});

const refreshed = await step('refresh', async () => {
  check(tokens.refresh_token, 'no refresh token was issued');
  return refresh(tokens.refresh_token);
}, (set) => ({ rotated: Boolean(set.refresh_token) && set.refresh_token !== tokens.refresh_token }));
await step('refreshed_userinfo', () => userinfo(refreshed.access_token, sub));

if (confidential || settings.resourceServer) {
  await step('introspection', async () => {
    const seen = await (settings.resourceServer
      ? introspect(
        refreshed.access_token,
        { client_id: settings.resourceServer.clientId },
        oauth.ClientSecretBasic(settings.resourceServer.secret),
      )
      : introspect(refreshed.access_token));
    check(seen.active === true, 'a token just issued is not active');
    check(seen.client_id === client.client_id, 'introspection names another client');
    return seen;
  }, (seen) => ({ members: Object.keys(seen).sort() }));
}
if (confidential && settings.resourceServer) {
  await step('introspection_is_for_resource_servers', async () => {
    const seen = await introspect(refreshed.access_token);
    check(seen.active === false, 'a token is described to a client that is no resource server');
    check(Object.keys(seen).length === 1, 'an inactive token is described (RFC 7662 §2.2)');
  });
}

const current = refreshed.refresh_token ?? tokens.refresh_token;
await step('revocation', () => revoke(current));
await step('revocation_of_a_token_unknown', () => revoke('not-a-token'));
await step('refresh_after_revocation', () => refused(() => refresh(current), 'invalid_grant'), (error) => ({ error }));

await step('a_wrong_verifier_is_refused', async () => {
  const asked = await authorize();
  const given = validated(asked);
  return refused(
    () => exchange(given, { ...asked, verifier: oauth.generateRandomCodeVerifier() }),
    'invalid_grant',
  );
}, (error) => ({ error }));

const reused = await step('a_code_is_redeemed_once', async () => {
  const asked = await authorize();
  const given = validated(asked);
  const set = await exchange(given, asked);
  await refused(() => exchange(given, asked), 'invalid_grant');
  return set;
}, (set) => ({ same_subject: oauth.getValidatedIdTokenClaims(set).sub === sub }));
if (reused.refresh_token) {
  await step('reuse_of_a_code_revokes_what_it_issued', () => refused(
    () => refresh(reused.refresh_token),
    'invalid_grant',
  ), (error) => ({ error }));
}

const last = await step('silent_sign_in', async () => {
  // A server may end the whole grant with the token revoked above (RFC 7009 §2.1): ask once, then silently.
  await authorize();
  const silent = await authorize({ prompt: 'none' });
  return exchange(validated(silent), silent);
});
const rotated = await step('rotation', () => refresh(last.refresh_token));
if (rotated.refresh_token && rotated.refresh_token !== last.refresh_token) {
  await step('reuse_of_a_refresh_token_kills_its_family', async () => {
    await refused(() => refresh(last.refresh_token), 'invalid_grant');
    return refused(() => refresh(rotated.refresh_token), 'invalid_grant');
  }, (error) => ({ error }));
}

const outcome = await step('end_session', async () => {
  const url = new URL(as.end_session_endpoint);
  url.searchParams.set('id_token_hint', last.id_token);
  if (settings.postLogoutRedirectUri) {
    url.searchParams.set('post_logout_redirect_uri', settings.postLogoutRedirectUri);
    url.searchParams.set('state', 'good-bye');
  }
  const end = await browser.follow(url, settings.postLogoutRedirectUri ?? settings.redirectUri);
  check(end.location || end.status === 200, `the end session endpoint answers ${end.status}: ${end.page}`);
  if (end.location) check(end.location.searchParams.get('state') === 'good-bye', 'state was not given back');
  return end;
}, (end) => ({ outcome: end.location ? 'redirected' : 'page', page: end.page?.slice(0, 60) }));

if (outcome.location) {
  await step('silent_sign_in_after_logout', () => refused(async () => {
    const silent = await authorize({ prompt: 'none' });
    return validated(silent);
  }, 'login_required'), (error) => ({ error }));
}
