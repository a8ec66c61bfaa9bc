// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// Runs the Worker on loopback, in the runtime that Cloudflare itself uses. PORT; ACCESS_TOKEN_SECONDS; END_WITH_STDIN:
// end when the standard input does.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fetch, Miniflare } from 'miniflare';

const HOST = '127.0.0.1';
const port = Number(process.env.PORT);

const { outputFiles: [worker] } = await build({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: ['worker.mjs'],
  bundle: true,
  format: 'esm',
  write: false,
  conditions: ['workerd', 'worker'],
  external: ['cloudflare:*', 'node:*'],
});
const miniflare = new Miniflare({
  host: HOST,
  port,
  cf: false, // nothing about the caller's place is fetched
  modules: [{ type: 'ESModule', path: 'worker.mjs', contents: worker.text }],
  compatibilityDate: '2026-04-01',
  compatibilityFlags: ['nodejs_compat', 'global_fetch_strictly_public'],
  kvNamespaces: ['OAUTH_KV'],
  // The Worker itself may fetch from public addresses only, and the documents of the tests are on this machine.
  outboundService: ({ url, headers }) => fetch(url, { headers, redirect: 'manual' }),
  bindings: {
    ORIGIN: `http://${HOST}:${port}`,
    ACCESS_TOKEN_SECONDS: process.env.ACCESS_TOKEN_SECONDS ?? '3600',
  },
});

// The runtime is a process of its own, which must not outlive this one.
async function end() {
  await miniflare.dispose();
  process.exit(0);
}

process.on('SIGTERM', end);
if (process.env.END_WITH_STDIN) process.stdin.on('end', end).resume();
await miniflare.ready;
