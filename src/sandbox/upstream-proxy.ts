/** The proxy that the machine itself needs to reach the outside, as the usual variables name it. */

import { request } from 'node:http'
import type { Socket } from 'node:net'

/** A proxy of the operator, from HTTPS_PROXY and NO_PROXY. */
export interface UpstreamProxy {
  url: URL
  /** Hosts, or endings of hosts, that are reached without it. */
  without: readonly string[]
}

/** Reads the variables. @returns undefined where none is set, or where it is no http:// address. */
export function upstreamProxyOf(env: Readonly<Record<string, string>>): UpstreamProxy | undefined {
  const text = env.HTTPS_PROXY ?? env.https_proxy ?? env.HTTP_PROXY ?? env.http_proxy ?? ''
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:') return undefined
  const without = (env.NO_PROXY ?? env.no_proxy ?? '').split(',').map((one) => one.trim().toLowerCase())
  return { url, without: without.filter((one) => one !== '') }
}

/** How a host is reached through it; undefined for a host that is reached without it. */
export function upstreamFor(
  { url, without }: UpstreamProxy,
  host: string,
): { connect(host: string, port: number, timeoutMs: number): Promise<Socket> } | undefined {
  const name = host.toLowerCase()
  const spared = without.some((one) => {
    const plain = one.replace(/^\*?\./, '')
    return one === '*' || name === plain || name.endsWith(`.${plain}`)
  })
  return spared ? undefined : { connect: (to, port, timeoutMs) => connectThrough(url, `${to}:${port}`, timeoutMs) }
}

function connectThrough(proxy: URL, target: string, timeoutMs: number): Promise<Socket> {
  const login = proxy.username && `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: target,
      timeout: timeoutMs,
      headers: {
        host: target,
        ...(login ? { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` } : {}),
      },
    })
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`the proxy of this machine answers ${answer.statusCode}`))
    })
    asked.once('timeout', () => asked.destroy(new Error('the proxy of this machine does not answer')))
    asked.once('error', reject)
    asked.end()
  })
}
