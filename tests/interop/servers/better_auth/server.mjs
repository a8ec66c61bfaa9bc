// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// better-auth with its MCP plugin, and a real MCP server behind it. The person is alice@example.test with the password
// alicepass. PORT; ACCESS_TOKEN_SECONDS; END_WITH_STDIN: end when the standard input does; CLIENTS: the clients of
// machines, as a JSON array of their metadata, with their credentials: anonymous registration makes none for a machine.

import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createMcpProtectedRequestHandler, mcp } from '@better-auth/mcp';
import { oauthDeviceAuthorization } from '@better-auth/oauth-provider';
import * as sdk from '@modelcontextprotocol/server';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { getAuthTables } from 'better-auth/db';
import { jwt } from 'better-auth/plugins';

import { mcpEndpoint } from '../mcp_endpoint.mjs';
import { formPage, hidden } from '../pages.mjs';
import { watched } from '../watched.mjs';

const HOST = '127.0.0.1';
const port = Number(process.env.PORT);
const origin = `http://${HOST}:${port}`;
const BASE = '/api/auth';
const resource = `${origin}/mcp`;
const SCOPE = 'mcp';
const ALICE = { email: 'alice@example.test', password: 'alicepass' };

const machines = JSON.parse(process.env.CLIENTS ?? '[]');
/** The credentials of the client that is being made, if it shall have other than random ones. */
let credentials = {};

const options = {
  baseURL: origin,
  basePath: BASE,
  secret: 'signs the cookies of a test server',
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  logger: { level: 'error' },
  emailAndPassword: { enabled: true },
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'RS256' } } }),
    mcp({
      resource,
      loginPage: '/login',
      consentPage: '/consent',
      scopes: ['openid', 'offline_access', SCOPE],
      accessTokenExpiresIn: Number(process.env.ACCESS_TOKEN_SECONDS ?? 3600),
      allowDynamicClientRegistration: true,
      allowUnauthenticatedClientRegistration: true,
      clientPrivileges: () => true,
      resourcePrivileges: () => true,
      generateClientId: () => credentials.client_id ?? crypto.randomUUID(),
      generateClientSecret: () => credentials.client_secret ?? crypto.randomUUID(),
    }),
    oauthDeviceAuthorization({ verificationUri: '/device', interval: '1s' }),
  ],
};
const tables = Object.fromEntries(Object.values(getAuthTables(options)).map(({ modelName }) => [modelName, []]));
const auth = betterAuth({ ...options, database: memoryAdapter(tables) });

/** Ask better-auth's own endpoints for a page of ours, with the cookies of the page's request. */
function api(request, path, body) {
  const headers = new Headers({ 'Content-Type': 'application/json', 'Accept': 'application/json', 'Origin': origin });
  const cookies = request.headers.get('Cookie');
  if (cookies) headers.set('Cookie', cookies);
  const method = body === undefined ? 'GET' : 'POST';
  return auth.handler(new Request(`${origin}${BASE}${path}`, { method, headers, body: JSON.stringify(body) }));
}

/** Turn the JSON answer of such an endpoint into what a browser understands. */
async function answered(response, otherwise) {
  const headers = new Headers(response.headers.getSetCookie().map((cookie) => ['Set-Cookie', cookie]));
  const body = await response.text();
  const target = response.headers.get('Location') ?? (response.ok ? JSON.parse(body).url : undefined) ?? otherwise;
  if (!target) return new Response(body, { status: response.status, headers });
  headers.set('Location', target);
  return new Response(null, { status: 303, headers });
}

/** The pages of the person; each keeps the signed query that better-auth hands it. */
const pages = {
  '/login': {
    show: () => formPage('Sign in', '<input type="email" name="email"><input type="password" name="password">', {
      go: 'Sign in',
    }),
    take: async (request, query, form) => {
      const after = new URLSearchParams(query).get('after');
      const oauth = after ? {} : { oauth_query: query };
      const body = { email: form.get('email'), password: form.get('password'), ...oauth };
      return answered(await api(request, '/sign-in/email', body), after);
    },
  },
  '/consent': {
    show: (request, query) => {
      const asked = new URLSearchParams(query);
      const heading = `Allow ${asked.get('client_id')} to use ${asked.get('scope')}?`;
      return formPage(heading, '', { approve: 'Allow', deny: 'Deny' });
    },
    take: async (request, query, form) => {
      const accept = form.get('decision') === 'approve';
      return answered(await api(request, '/oauth2/consent', { accept, oauth_query: query }));
    },
  },
  '/device': {
    show: async (request, query) => {
      const session = await api(request, '/get-session');
      if ((await session.json()) === null) {
        return Response.redirect(`${origin}/login?after=${encodeURIComponent(`/device?${query}`)}`, 303);
      }
      const code = new URLSearchParams(query).get('user_code') ?? '';
      const field = code ? hidden('user_code', code) : '<input name="user_code">';
      return formPage('Let the device in?', field, { approve: 'Allow', deny: 'Deny' });
    },
    take: async (request, query, form) => {
      const code = form.get('user_code');
      const shown = await api(request, `/device?user_code=${encodeURIComponent(code)}`);
      if (!shown.ok) return shown;
      const decision = form.get('decision') === 'approve' ? 'approve' : 'deny';
      const response = await api(request, `/device/${decision}`, { userCode: code });
      return new Response(response.ok ? 'Done' : await response.text(), { status: response.status });
    },
  },
};

async function page(request, { show, take }) {
  const query = new URL(request.url).search.slice(1);
  return request.method === 'GET' ? show(request, query) : take(request, query, await request.formData());
}

/** A JWT cannot be taken back where it was made, so the MCP server keeps those that it shall refuse. */
const accepted = new Set();
const refused = new Set();
const endpoint = mcpEndpoint(sdk);
const verification = {
  issuer: origin + BASE,
  audience: resource,
  jwksUrl: `${origin}${BASE}/jwks`,
  requiredScopes: [SCOPE],
};
const protectedByTokens = createMcpProtectedRequestHandler(verification, (request, { azp, scope }) => {
  const token = bearer(request);
  accepted.add(token);
  return endpoint(request, { token, clientId: azp, scopes: scope.split(' ') });
});

function bearer(request) {
  return request.headers.get('Authorization')?.replace(/^Bearer /, '');
}

function mcpServer(request) {
  if (!refused.has(bearer(request))) return protectedByTokens(request);
  const headers = new Headers(request.headers);
  headers.set('Authorization', 'Bearer taken-back');
  return protectedByTokens(new Request(request, { headers }));
}

function refuseKnownTokens() {
  for (const token of accepted) refused.add(token);
}

const answer = watched(
  (request) => {
    const { pathname } = new URL(request.url);
    if (Object.hasOwn(pages, pathname)) return page(request, pages[pathname]);
    return pathname === '/mcp' ? mcpServer(request) : auth.handler(request);
  },
  `${BASE}/oauth2/token`,
  {
    'revoke-all': refuseKnownTokens,
    'revoke-grants': () => {
      refuseKnownTokens();
      tables.oauthAccessToken.length = 0;
      tables.oauthRefreshToken.length = 0;
    },
    'forget-clients': () => { tables.oauthClient.length = 0; },
  },
);

await auth.api.signUpEmail({ body: { ...ALICE, name: 'Alice' } });
const { headers: signedIn } = await auth.api.signInEmail({ body: ALICE, asResponse: true });
const cookies = signedIn.getSetCookie().map((cookie) => cookie.split(';')[0]);
for (credentials of machines) {
  const { client_id, client_secret, ...metadata } = credentials;
  await auth.api.adminCreateOAuthClient({
    headers: new Headers({ Cookie: cookies.join('; ') }),
    body: { grant_types: ['client_credentials'], scope: SCOPE, client_credentials_scopes: [SCOPE], ...metadata },
  });
}
credentials = {};

async function reply(request, response) {
  const body = ['GET', 'HEAD'].includes(request.method) ? null : Readable.toWeb(request);
  const headers = Object.entries(request.headersDistinct).flatMap(([name, values]) => values.map((v) => [name, v]));
  const { status, headers: fields, body: content } = await answer(
    new Request(origin + request.url, { method: request.method, headers, body, duplex: 'half' }),
  );
  response.writeHead(status, [...fields].flat());
  if (content) Readable.fromWeb(content).pipe(response);
  else response.end();
}

createServer((request, response) => {
  reply(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(port, HOST);

if (process.env.END_WITH_STDIN) process.stdin.on('end', () => process.exit(0)).resume();
