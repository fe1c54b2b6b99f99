/** The web side of registering an app from a manifest: GitHub's form, without anybody to press the button. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AppManifest } from './routes/app.ts'
import { randomText } from './world.ts'

const ADDRESS = /^\/(?:organizations\/[\w-]+\/)?settings\/apps\/new(?:\?|$)/

/** Is this the address a set-up page posts its manifest to? */
export function isRegistration(incoming: IncomingMessage): boolean {
  return incoming.method === 'POST' && ADDRESS.test(incoming.url ?? '')
}

/** Takes the manifest and sends the browser back to `redirect_url` with a code and the `state` it came with. */
export async function serveRegistration(
  codes: Map<string, AppManifest>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  const asked = new URL(incoming.url ?? '/', 'http://localhost')
  try {
    const manifest: AppManifest = JSON.parse(form.get('manifest') ?? '')
    const back = new URL(manifest.redirect_url ?? '')
    const code = randomText(40)
    codes.set(code, manifest)
    back.searchParams.set('code', code)
    const state = asked.searchParams.get('state')
    if (state) back.searchParams.set('state', state)
    outgoing.writeHead(302, { location: back.href }).end()
  } catch (error) {
    outgoing.writeHead(422, { 'content-type': 'text/plain' }).end(`Invalid manifest: ${error}`)
  }
}
