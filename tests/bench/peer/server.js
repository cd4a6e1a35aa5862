// The peer: oidc-provider in one process with the Redis adapter. Every sign-in and consent is answered by
// itself, since what is measured begins with a live session. It listens on the loopback addresses only.
//
// environment: PORT, REDIS_SOCKET (without it: the in-memory adapter), CLIENTS (a JSON list of clients),
// REGISTRATION=1 (clients may register themselves, RFC 7591: the tests of relying parties use that)

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import Redis from 'ioredis';
import * as oidc from 'oidc-provider';

import { redisAdapter } from './redis_adapter.js';

const { PORT = '9700', REDIS_SOCKET, CLIENTS = '[]', REGISTRATION } = process.env;
const issuer = `http://localhost:${PORT}`;
const resource = 'urn:bench:resource';

function privateJwk(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
}

const provider = new oidc.Provider(issuer, {
  adapter: REDIS_SOCKET ? redisAdapter(new Redis(REDIS_SOCKET, { enableAutoPipelining: true })) : undefined,
  clients: JSON.parse(CLIENTS),
  jwks: {
    keys: [
      privateJwk('ec', { namedCurve: 'P-256' }, 'ES256'),
      privateJwk('rsa', { modulusLength: 2048 }, 'RS256'),
    ],
  },
  cookies: { keys: ['bench-cookie-signing-key'] },
  // Claims asked by scope travel in userinfo, as in the service measured against it.
  claims: { openid: ['sub'], profile: ['name', 'given_name', 'family_name'], email: ['email', 'email_verified'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: 'Nome Cognome',
      given_name: 'Nome',
      family_name: 'Cognome',
      email: `${id}@example.test`,
      email_verified: true,
    }),
  }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: REGISTRATION === '1' },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Only the service client asks for an API: a user's token stays opaque, good for userinfo.
      defaultResource: (ctx, client) => (client.grantTypeAllowed('client_credentials') ? resource : undefined),
      getResourceServerInfo: () => ({
        scope: 'policies',
        audience: resource,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256', 'RS256'],
    clientAuthSigningAlgValues: ['ES256', 'RS256'],
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'policies'],
  ttl: {
    AccessToken: 300,
    AuthorizationCode: 60,
    ClientCredentials: 300,
    Grant: 86400,
    IdToken: 300,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 43200,
  },
});

let accounts = 0;

async function answer(req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  if (prompt.name === 'login') {
    accounts += 1;
    await provider.interactionFinished(req, res, { login: { accountId: `account-${accounts}` } });
    return;
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, {
    mergeWithLastSubmission: true,
  });
}

const callback = provider.callback();
const handler = (req, res) => {
  if (!req.url.startsWith('/interaction/')) {
    callback(req, res);
    return;
  }
  answer(req, res).catch((error) => {
    res.statusCode = 500;
    res.end(String(error));
  });
};

provider.on('server_error', (ctx, error) => console.error(error));
for (const host of ['127.0.0.1', '::1']) {
  const server = createServer(handler);
  // Keep-alive connections must not be cut between two rounds of a run.
  server.keepAliveTimeout = 600_000;
  server.on('error', (error) => {
    if (host === '127.0.0.1') throw error;
  });
  server.listen(Number(PORT), host);
}
