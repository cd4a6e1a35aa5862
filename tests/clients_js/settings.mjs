// What a run is given, all by environment:
//   ISSUER, CLIENT_ID, REDIRECT_URI     required
//   AUTH_METHOD                         none | client_secret_basic | client_secret_post | private_key_jwt
//   CLIENT_SECRET                       for the two secret methods
//   CLIENT_JWK                          for private_key_jwt: the private key as JWK (with kid and alg)
//   COOKIE                              the Cookie field of a browser that is signed in at the issuer
//   SCOPE                               default "openid profile email"
//   ID_TOKEN_ALG                        default RS256
//   POST_LOGOUT_REDIRECT_URI            optional; with it the end session must come back there
//   PUSHES                              optional: requests are pushed (RFC 9126)
//   DPOP                                optional: tokens are bound to a key (RFC 9449)
//   RESOURCE_SERVER_ID, _SECRET         optional: who may introspect; without it a client asks about its own tokens

const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];

const PARAMETERS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
};

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

export const settings = {
  issuer: new URL(required('ISSUER')),
  clientId: required('CLIENT_ID'),
  redirectUri: required('REDIRECT_URI'),
  method: process.env.AUTH_METHOD ?? 'client_secret_basic',
  cookie: process.env.COOKIE ?? '',
  scope: process.env.SCOPE ?? 'openid profile email',
  idTokenAlg: process.env.ID_TOKEN_ALG ?? 'RS256',
  postLogoutRedirectUri: process.env.POST_LOGOUT_REDIRECT_URI,
  pushes: Boolean(process.env.PUSHES),
  dpop: Boolean(process.env.DPOP),
  resourceServer: process.env.RESOURCE_SERVER_ID
    && { clientId: process.env.RESOURCE_SERVER_ID, secret: required('RESOURCE_SERVER_SECRET') },
};

if (!METHODS.includes(settings.method)) {
  console.error(`AUTH_METHOD is one of ${METHODS.join(', ')}`);
  process.exit(2);
}

export const confidential = settings.method !== 'none';

/** The client's authentication, made with the given library's own functions. */
export async function clientAuthentication(library) {
  switch (settings.method) {
    case 'none':
      return library.None();
    case 'client_secret_basic':
      return library.ClientSecretBasic(required('CLIENT_SECRET'));
    case 'client_secret_post':
      return library.ClientSecretPost(required('CLIENT_SECRET'));
    default: {
      const jwk = JSON.parse(required('CLIENT_JWK'));
      const { kid, alg = 'ES256', ...rest } = jwk;
      delete rest.use;
      const key = await crypto.subtle.importKey('jwk', rest, PARAMETERS[alg], false, ['sign']);
      return library.PrivateKeyJwt({ key, kid });
    }
  }
}
