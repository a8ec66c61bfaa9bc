// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// What a test reads of a server and does to it, around a handler of web-standard requests: the same paths under
// /control/ as the servers of `make test` have.

const CONTROL = '/control/';

/**
 * Keep a log of the requests, and answer those of the tests.
 *
 * @param answer The handler.
 * @param tokenPath The path of the token endpoint: its requests are logged with their grant type.
 * @param actions What a test can do, by name: POST to `/control/` and the name. They get the handler's own arguments.
 * @returns The handler, watched.
 */
export function watched(answer, tokenPath, actions) {
  const log = [];
  const known = { 'reset-log': () => { log.length = 0; }, ...actions };

  async function control(name, request, rest) {
    if (request.method === 'GET' && name === 'log') return Response.json(log);
    if (request.method !== 'POST' || !Object.hasOwn(known, name)) return new Response(null, { status: 404 });
    await known[name](request, ...rest);
    return new Response(null, { status: 204 });
  }

  return async (request, ...rest) => {
    const path = new URL(request.url).pathname;
    if (path.startsWith(CONTROL)) return control(path.slice(CONTROL.length), request, rest);
    const entry = { method: request.method, path, status: null, grant_type: null };
    log.push(entry);
    if (request.method === 'POST' && path === tokenPath) {
      entry.grant_type = new URLSearchParams(await request.clone().text()).get('grant_type');
    }
    const response = await answer(request, ...rest);
    entry.status = response.status;
    return response;
  };
}
