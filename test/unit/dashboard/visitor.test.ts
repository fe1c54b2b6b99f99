/** Under which address browsers reach the dashboard: no one but the operator or a proxy of this machine says so. */

import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { cookieName, originOf, type PublicAddress } from '../../../src/dashboard/visitor.ts'

/** What a request looks like to us. */
async function seen(
  { from, ...headers }: { from: string } & Record<string, string>,
  env: PublicAddress = { PUBLIC_URL: undefined },
): Promise<string[]> {
  const app = new Hono().get('/', (context) =>
    context.json([originOf(context, env), cookieName(context, env, 'reply')]),
  )
  const incoming = { socket: { remoteAddress: from } }
  const answer = await app.request('http://10.0.0.5:3000/', { headers }, { incoming })
  return (await answer.json()) as string[]
}

const forwarded = { host: 'tutti.test', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example, inner' }

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])(
  'a proxy on this machine (%s) says how it was reached',
  async (from) => {
    expect(await seen({ from, ...forwarded })).toEqual(['https://evil.example', '__Host-tutti-reply'])
    expect(await seen({ from, host: 'tutti.test' })).toEqual(['http://tutti.test', 'tutti-reply'])
  },
)

test.each(['192.0.2.7', '::ffff:10.0.0.1', '', '127.evil', '128.0.0.1'])('anybody else (%j) does not', async (from) => {
  expect(await seen({ from, ...forwarded })).toEqual(['http://tutti.test', 'tutti-reply'])
})

test('what the operator has said counts, whoever asks', async () => {
  const env = { PUBLIC_URL: 'https://tutti.example/' }
  for (const from of ['127.0.0.1', '192.0.2.7'])
    expect(await seen({ from, ...forwarded }, env)).toEqual(['https://tutti.example', '__Host-tutti-reply'])
})
