// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// A real authorization server, oidc-provider, on loopback. Tests start it through tests.servers.oidc_provider.
// PORT; RESOURCES: the resources it gives tokens for, between spaces; ACCESS_TOKEN_SECONDS; CLIENT_ID and
// CLIENT_SECRET: a confidential client; END_WITH_STDIN: end when the standard input does. What is off by default:
// ISSUER_PATH: the issuer's path, "/tenant"; CLIENTS: more clients, as a JSON array of their metadata; DEVICE_FLOW;
// CLIENT_DOCUMENTS: clients may introduce themselves with a document at an https address of their own; DPOP_NONCES:
// a DPoP proof has to have a nonce of this server. NO_REGISTRATION: no client registers itself.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';

const HOST = '127.0.0.1';
const HOUR = 3600;
const WELL_KNOWN = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
const port = Number(process.env.PORT);
const resources = (process.env.RESOURCES ?? '').split(' ').filter(Boolean);
const accessTokenSeconds = Number(process.env.ACCESS_TOKEN_SECONDS ?? HOUR);
const issuerPath = process.env.ISSUER_PATH ?? '';
const takesDocuments = Boolean(process.env.CLIENT_DOCUMENTS);

const provider = new Provider(`http://${HOST}:${port}${issuerPath}`, {
  clients: [{
    client_id: process.env.CLIENT_ID ?? 'machine',
    client_secret: process.env.CLIENT_SECRET ?? 'machine-secret-of-the-tests',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }, ...JSON.parse(process.env.CLIENTS ?? '[]')],
  scopes: ['openid', 'offline_access', 'mcp'],
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  cookies: { keys: ['signs the cookies of a test server'] },
  responseTypes: ['code'],
  pkce: { required: () => true },
  // MCP clients seldom ask for offline_access: whoever registered for refresh tokens gets one, a new one each time.
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: () => true,
  ttl: {
    AccessToken: accessTokenSeconds,
    ClientCredentials: accessTokenSeconds,
    AuthorizationCode: 60,
    DeviceCode: 600,
    Grant: 24 * HOUR,
    IdToken: HOUR,
    Interaction: HOUR,
    RefreshToken: 24 * HOUR,
    Session: 24 * HOUR,
  },
  features: {
    clientCredentials: { enabled: true },
    clientIdMetadataDocument: { enabled: takesDocuments, ack: 'draft-02' },
    deviceFlow: { enabled: Boolean(process.env.DEVICE_FLOW) },
    devInteractions: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => Boolean(process.env.DPOP_NONCES) },
    registration: { enabled: !process.env.NO_REGISTRATION },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => {
        if (!resources.includes(resource)) throw new errors.InvalidTarget();
        return { scope: 'mcp', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
  // Its own dispatcher fetches nothing from this machine, where the documents of the tests are.
  ...(takesDocuments && { fetch: (url, { dispatcher, ...options }) => fetch(url, options) }),
});

/** The requests in the order of their arrival; the answers are asked for their status when the log is read. */
const log = [];
const entries = new WeakMap();

provider.use(async (ctx, next) => {
  await next();
  if (ctx.method === 'POST' && ctx.path === '/token') entries.get(ctx.req).grantType = ctx.oidc?.params?.grant_type;
});
const answer = provider.callback();

/** Take the issuer's path out of a request, as a router does that has the provider mounted there; false: none of it. */
function mount(request) {
  const { url } = request;
  const place = WELL_KNOWN.find((path) => url === path + issuerPath) ?? (
    url.startsWith(`${issuerPath}/`) ? url.slice(issuerPath.length) : undefined
  );
  if (place === undefined) return false;
  request.url = place;
  request.originalUrl = issuerPath + place; // from both the provider finds out where it is mounted
  return true;
}

function control(request, response) {
  if (request.method === 'GET' && request.url === '/control/log') {
    const seen = log.map(({ method, path, grantType, response: { headersSent, statusCode } }) => (
      { method, path, status: headersSent ? statusCode : null, grant_type: grantType ?? null }
    ));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(seen));
  } else if (request.method === 'POST' && request.url === '/control/reset-log') {
    log.length = 0;
    response.writeHead(204).end();
  } else {
    response.writeHead(404).end();
  }
}

createServer((request, response) => {
  if (request.url.startsWith('/control/')) {
    control(request, response);
    return;
  }
  const entry = { method: request.method, path: request.url.split('?')[0], response };
  log.push(entry);
  entries.set(request, entry);
  if (mount(request)) answer(request, response);
  else response.writeHead(404).end();
}).listen(port, HOST);

if (process.env.END_WITH_STDIN) process.stdin.on('end', () => process.exit(0)).resume();
