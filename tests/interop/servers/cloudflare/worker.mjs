// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// A Worker with Cloudflare's OAuth provider in front of a real MCP server. The library leaves the login to us; the
// person is alice with the password alicepass. Bindings: ORIGIN, ACCESS_TOKEN_SECONDS, OAUTH_KV.

import { AuthorizationError, CimdFetchError, OAuthProvider } from '@cloudflare/workers-oauth-provider';
import * as sdk from '@modelcontextprotocol/server';

import { mcpEndpoint } from '../mcp_endpoint.mjs';
import { escaped, formPage, hidden } from '../pages.mjs';
import { watched } from '../watched.mjs';

const SCOPE = 'mcp';
const TOKEN_PATH = '/oauth/token';
const SESSION = 'session:';
const endpoint = mcpEndpoint(sdk);

const protectedByTokens = {
  fetch(request, env, { auth: { token, clientId, scope } }) {
    return endpoint(request, { token, clientId, scopes: scope });
  },
};

const everythingElse = {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/login') return login(request, env);
    if (pathname !== '/authorize') return new Response('Not found', { status: 404 });
    try {
      return await authorize(request, env);
    } catch (error) {
      if (error instanceof AuthorizationError && error.redirectTo) return Response.redirect(error.redirectTo, 302);
      if (error instanceof AuthorizationError || error instanceof CimdFetchError) {
        return new Response(`${error.code ?? error.reason}: ${error.description ?? error.message}`, { status: 400 });
      }
      throw error;
    }
  },
};

async function login(request, env) {
  const fields = '<input name="username"><input type="password" name="password">';
  if (request.method === 'GET') return formPage('Sign in', fields, { go: 'Sign in' });
  const form = await request.formData();
  if (form.get('username') !== 'alice' || form.get('password') !== 'alicepass') {
    return new Response('Wrong name or password', { status: 401 });
  }
  const session = crypto.randomUUID();
  await env.OAUTH_KV.put(SESSION + session, 'alice', { expirationTtl: 3600 });
  return new Response(null, {
    status: 303,
    headers: {
      'Location': `/authorize${new URL(request.url).search}`,
      'Set-Cookie': `__Host-session=${session}; Secure; HttpOnly; SameSite=Lax; Path=/`,
    },
  });
}

async function authorize(request, env) {
  const user = await signedIn(request, env);
  if (user === null) return Response.redirect(`${env.ORIGIN}/login${new URL(request.url).search}`, 303);
  return request.method === 'GET' ? askForConsent(request, env) : decide(request, env, user);
}

async function signedIn(request, env) {
  const [, session] = /(?:^|; )__Host-session=([\w-]+)/.exec(request.headers.get('Cookie') ?? '') ?? [];
  return session ? env.OAUTH_KV.get(SESSION + session) : null;
}

async function askForConsent(request, env) {
  const oauth = env.OAUTH_PROVIDER;
  const asked = await oauth.parseAuthRequest(request);
  const client = await oauth.describeConsent(asked);
  const consent = await oauth.beginConsent(asked);
  const scopes = client.scope.map((scope) => (
    `<label><input type="checkbox" name="scope" value="${escaped(scope)}" checked>${escaped(scope)}</label>`
  ));
  const heading = `Allow ${client.clientName} at ${client.redirectHost}?`;
  const fields = hidden('handle', consent.handle) + scopes.join('');
  return formPage(heading, fields, { approve: 'Allow', deny: 'Deny' }, consent.headers);
}

async function decide(request, env, userId) {
  const oauth = env.OAUTH_PROVIDER;
  const form = await request.formData();
  const handle = String(form.get('handle'));
  if (form.get('decision') !== 'approve') {
    const { headers } = await oauth.denyConsent(request, handle);
    return new Response(null, { status: 302, headers });
  }
  const consent = await oauth.approveConsent(request, handle, { scope: form.getAll('scope').map(String) });
  const { redirectTo } = await oauth.completeAuthorization({
    request: consent.request, scope: consent.request.scope, userId, metadata: {}, props: { userId },
  });
  consent.headers.set('Location', redirectTo);
  return new Response(null, { status: 302, headers: consent.headers });
}

/** Make the provider once, as soon as the bindings are known. */
let provider;
function providerFor(env) {
  provider ??= new OAuthProvider({
    apiRoute: '/mcp',
    apiHandler: protectedByTokens,
    defaultHandler: everythingElse,
    authorizeEndpoint: '/authorize',
    tokenEndpoint: TOKEN_PATH,
    clientRegistrationEndpoint: '/oauth/register',
    scopesSupported: [SCOPE, 'offline_access'],
    requiredScopes: [SCOPE],
    clientIdMetadataDocumentEnabled: true,
    accessTokenTTL: Number(env.ACCESS_TOKEN_SECONDS),
    resourceMetadata: { resource: `${env.ORIGIN}/mcp`, authorization_servers: [env.ORIGIN] },
  });
  return provider;
}

/** Forget what the provider keeps under these prefixes (its storage-schema.md names them). */
function forget(...prefixes) {
  return async (request, env) => {
    for (const prefix of prefixes) {
      const { keys } = await env.OAUTH_KV.list({ prefix });
      await Promise.all(keys.map(({ name }) => env.OAUTH_KV.delete(name)));
    }
  };
}

export default {
  fetch: watched((request, env, context) => providerFor(env).fetch(request, env, context), TOKEN_PATH, {
    'revoke-all': forget('token:'),
    'revoke-grants': forget('token:', 'grant:'),
    'forget-clients': forget('client:'),
  }),
};
