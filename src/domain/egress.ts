/** Which servers a program in a sandbox may reach. Pure: names and addresses in, a verdict out. */

import { BlockList, isIP } from 'node:net'
import { registriesWord } from '../config/sandbox-settings.ts'

/** Where package managers fetch from by default. None of them takes what an unknown client sends. */
export const registryHosts: readonly string[] = [
  ...['registry.npmjs.org', 'registry.yarnpkg.com', 'nodejs.org', 'jsr.io', 'npm.jsr.io', 'deno.land'],
  ...['pypi.org', 'files.pythonhosted.org', 'crates.io', 'index.crates.io', 'static.crates.io', 'static.rust-lang.org'],
  ...['proxy.golang.org', 'sum.golang.org', 'rubygems.org', 'index.rubygems.org'],
  ...['repo.maven.apache.org', 'repo1.maven.org', 'plugins.gradle.org', 'services.gradle.org'],
  ...['packagist.org', 'repo.packagist.org', 'api.nuget.org', 'hex.pm', 'repo.hex.pm', 'pub.dev'],
]

/** What a program may reach. */
export interface EgressRules {
  /** By the operator: a private address behind such a name is reached too. */
  operator: readonly string[]
  /** By the repository, and known servers of the kind of agent: public addresses only. */
  others: readonly string[]
}

/** Without a port in the pattern. */
const usualPorts = [443, 80]

/** Who lists a server; undefined where it is on no list. */
export function listedBy(rules: EgressRules, host: string, port: number): keyof EgressRules | undefined {
  if (rules.operator.some((pattern) => fits(pattern, host, port))) return 'operator'
  return rules.others.some((pattern) => fits(pattern, host, port)) ? 'others' : undefined
}

function fits(pattern: string, host: string, port: number): boolean {
  if (pattern === registriesWord) return registryHosts.some((one) => fits(one, host, port))
  const [name = '', wanted] = pattern.toLowerCase().split(':')
  if (wanted === undefined ? !usualPorts.includes(port) : Number(wanted) !== port) return false
  const plain = host.toLowerCase().replace(/\.$/, '')
  return name.startsWith('*.') ? plain.endsWith(name.slice(1)) : plain === name
}

/** Never reached, whoever lists a name: the metadata services of clouds are here, and addresses without a meaning. */
const never = addresses([
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32', '100.100.100.200/32'],
  ...['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
])
/** Reached only by a name that the operator lists. */
const inside = addresses([
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '192.0.0.0/24', '198.18.0.0/15'],
  ...['::1/128', 'fc00::/7', '64:ff9b:1::/48'],
])

function addresses(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/**
 * Whether an address may be reached through a name that is listed. IPv6 addresses that hold one of IPv4 (mapped,
 * NAT64, 6to4) count as that one.
 */
export function addressAllowed(address: string, by: keyof EgressRules): boolean {
  const plain = withinIpv6(address) ?? address
  const family = isIP(plain)
  if (family === 0) return false
  const kind = family === 6 ? 'ipv6' : 'ipv4'
  if (never.check(plain, kind)) return false
  return by === 'operator' || !inside.check(plain, kind)
}

/** The IPv4 address inside an IPv6 one. */
function withinIpv6(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const groups = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::')
  const [head = [], tail = []] = groups.map((side) => (side === '' ? [] : side.split(':')))
  const filled = groups.length === 1 ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail]
  const words = filled.map((group) => Number.parseInt(group, 16))
  const zeros = (count: number) => words.slice(0, count).every((word) => word === 0)
  const quad = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.')
  if (zeros(5) && words[5] === 0xffff) return quad(words[6], words[7])
  if (zeros(6) && (words[6] !== 0 || (words[7] ?? 0) > 1)) return quad(words[6], words[7])
  if (words[0] === 0x64 && words[1] === 0xff9b && words.slice(2, 6).every((word) => word === 0))
    return quad(words[6], words[7])
  if (words[0] === 0x2002) return quad(words[1], words[2])
  return undefined
}
