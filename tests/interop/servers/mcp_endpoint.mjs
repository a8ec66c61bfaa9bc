// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// A real MCP endpoint, made with the official TypeScript SDK. It keeps no sessions, and answers the clients of the
// 2026-07-28 revision as well as the older ones.

/**
 * Make the endpoint.
 *
 * @param sdk The exports of @modelcontextprotocol/server; the program that has it installed hands them over.
 * @returns A handler of a request and of what was verified about its token: `{ token, clientId, scopes }`.
 */
export function mcpEndpoint({ createMcpHandler, fromJsonSchema, McpServer }) {
  const number = { type: 'number' };
  const twoNumbers = fromJsonSchema({ type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] });
  const handler = createMcpHandler(({ authInfo }) => {
    const server = new McpServer({ name: 'valetkey-interop', version: '1.0.0' });
    server.registerTool('whoami', { description: 'Tell who calls.' }, () => (
      text(JSON.stringify({ client_id: authInfo.clientId, scopes: authInfo.scopes }))
    ));
    server.registerTool('add', { description: 'Add two numbers.', inputSchema: twoNumbers }, ({ a, b }) => (
      text(String(a + b))
    ));
    return server;
  });
  return (request, authInfo) => handler.fetch(request, { authInfo });
}

function text(content) {
  return { content: [{ type: 'text', text: content }] };
}
