// SPDX-FileCopyrightText: 2026 The Valetkey authors
// SPDX-License-Identifier: Apache-2.0

// The few HTML pages that the authorization servers leave to whoever runs them.

export const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * Answer with a page that holds one form, which is posted to the page's own path.
 *
 * @param heading What is asked.
 * @param fields The fields, as HTML.
 * @param buttons The label of each button, by the value it sends as `decision`.
 * @param headers More header fields.
 * @returns The answer.
 */
export function formPage(heading, fields, buttons, headers = {}) {
  const pressed = Object.entries(buttons).map(([value, label]) => (
    `<button name="decision" value="${escaped(value)}">${escaped(label)}</button>`
  ));
  const html = `<!doctype html><meta charset="utf-8"><title>${escaped(heading)}</title><h1>${escaped(heading)}</h1>
<form method="post">${fields}<p>${pressed.join(' ')}</p></form>`;
  const all = new Headers(headers);
  all.set('Content-Type', 'text/html; charset=utf-8');
  return new Response(html, { headers: all });
}

export const hidden = (name, value) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`;
