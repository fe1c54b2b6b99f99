/** Styles and scripts: read once, named by their content, so that browsers keep them for ever. Nothing comes from another host. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const ours = (name: string) => join(import.meta.dirname, 'assets', name)

const files: Readonly<Record<string, { path: string; type: string }>> = {
  'app.css': { path: ours('app.css'), type: 'text/css; charset=utf-8' },
  'app.js': { path: ours('app.js'), type: 'text/javascript; charset=utf-8' },
  'theme.js': { path: ours('theme.js'), type: 'text/javascript; charset=utf-8' },
  'graph.js': { path: ours('graph.js'), type: 'text/javascript; charset=utf-8' },
  'icon.svg': { path: ours('icon.svg'), type: 'image/svg+xml' },
  'idiomorph.js': {
    path: beside(import.meta.resolve('idiomorph'), 'idiomorph.min.js'),
    type: 'text/javascript; charset=utf-8',
  },
  'cytoscape.js': {
    path: beside(import.meta.resolve('cytoscape'), 'cytoscape.min.js'),
    type: 'text/javascript; charset=utf-8',
  },
  'dagre.js': {
    path: beside(import.meta.resolve('@dagrejs/dagre'), 'dagre.min.js'),
    type: 'text/javascript; charset=utf-8',
  },
}

interface Asset {
  type: string
  digest: string
  plain: Buffer
  /** The same, smaller; made when it is first asked for. */
  small: Partial<Record<'br' | 'gzip', Buffer>>
}

const read = new Map<string, Asset>()

/** The address of an asset, with the digest of its content. */
export function assetUrl(name: string): string {
  return `/assets/${assetNamed(name)?.digest}/${name}`
}

/** Answers for an asset; undefined when there is none of this name. @param digest as in the address. */
export function serveAsset(digest: string, name: string, request: Request): Response | undefined {
  const asset = assetNamed(name)
  if (!asset) return undefined
  const headers = new Headers({
    'content-type': asset.type,
    etag: `"${asset.digest}"`,
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
    // Another digest is an older page: it gets what is there now, for now.
    'cache-control': digest === asset.digest ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
  if (request.headers.get('if-none-match') === `"${asset.digest}"`) return new Response(null, { status: 304, headers })
  const accepted = request.headers.get('accept-encoding') ?? ''
  const encoding = accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : undefined
  if (encoding) headers.set('content-encoding', encoding)
  const body = encoding ? smaller(asset, encoding) : asset.plain
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), { headers })
}

function smaller(asset: Asset, encoding: 'br' | 'gzip'): Buffer {
  asset.small[encoding] ??=
    encoding === 'br'
      ? brotliCompressSync(asset.plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
      : gzipSync(asset.plain)
  return asset.small[encoding]
}

function assetNamed(name: string): Asset | undefined {
  const known = read.get(name)
  if (known) return known
  const file = Object.hasOwn(files, name) ? files[name] : undefined
  if (!file) return undefined
  const plain = readFileSync(file.path)
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 16)
  const asset: Asset = { type: file.type, digest, plain, small: {} }
  read.set(name, asset)
  return asset
}

/** The build for browsers, which packages put beside their main file. */
function beside(main: string, name: string): string {
  return join(dirname(fileURLToPath(main)), name)
}
