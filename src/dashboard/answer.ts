/** How pages are sent: with the headers that keep a browser safe, only when they have changed, and small. */

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Context } from 'hono'
import type { Html } from './html.ts'

/** Nothing but our own files is loaded or run, nothing is framed, and no form goes elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The headers of every answer of the dashboard. @param formsTo where a form may lead besides here, after a redirect. */
export function safeHeaders(formsTo = ''): Record<string, string> {
  return {
    'content-security-policy': `${policy}; form-action 'self'${formsTo ? ` ${formsTo}` : ''}`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  }
}

/** The smallest body that is worth being made smaller, in bytes. */
const worthIt = 1_024

/** Sends a page; 304 when the browser has it as it is. */
export function sendPage(context: Context, page: Html, status = 200): Response {
  const body = Buffer.from(String(page))
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const headers = new Headers(context.res.headers)
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('cache-control', 'private, no-cache')
  headers.set('vary', 'accept-encoding, cookie')
  for (const [name, value] of Object.entries(safeHeaders())) headers.set(name, value)
  if (status === 200) headers.set('etag', etag)
  if (status === 200 && context.req.header('if-none-match') === etag)
    return new Response(null, { status: 304, headers })
  const small = body.length > worthIt && context.req.header('accept-encoding')?.includes('gzip')
  if (small) headers.set('content-encoding', 'gzip')
  return new Response(new Uint8Array(small ? gzipSync(body) : body), { status, headers })
}

/** Sends a word to a script or a program. */
export function sendText(text: string, status: number): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...safeHeaders() },
  })
}
