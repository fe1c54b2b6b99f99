/**
 * From which places a request may come. A page that a browser has loaded elsewhere must not reach a server of the same
 * machine, neither by its address nor by a name that was made to point to it (DNS rebinding).
 */

import { isIP } from 'node:net'
import type { Env } from '../../config/env.ts'

type Places = Pick<Env, 'HOST' | 'ALLOWED_HOSTS'>

/** Whether the name in `Host` is one that this server is meant to have. */
export function hostFits(host: string | null, { HOST, ALLOWED_HOSTS }: Places): boolean {
  const name = nameIn(host)
  if (name === undefined) return false
  // A name that was made to point here is no address. Who listens for others, and names no host, takes every name.
  return isAddress(name) || ALLOWED_HOSTS.includes(name) || (ALLOWED_HOSTS.length === 0 && !isLoopback(HOST))
}

/** Whether a page of this origin may ask. Programs send none. */
export function originFits(origin: string | null, host: string | null, { ALLOWED_HOSTS }: Places): boolean {
  if (origin === null) return true
  if (!URL.canParse(origin)) return false
  const { host: from, hostname } = new URL(origin)
  return from === host?.toLowerCase() || ALLOWED_HOSTS.includes(hostname) || isLoopback(bare(hostname))
}

function nameIn(host: string | null): string | undefined {
  const url = `http://${host ?? ''}`
  return host && URL.canParse(url) ? bare(new URL(url).hostname) : undefined
}

function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

function isAddress(name: string): boolean {
  return name === 'localhost' || isIP(name) !== 0
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}
