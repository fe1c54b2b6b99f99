/**
 * The sandbox of programs that Tutti starts: agents, gates, set-up steps. Each gets one of its own (`Box`), made of
 * bubblewrap (what it sees and who it is), an egress proxy (whom it reaches), and a cgroup or rlimits (how much it uses).
 *
 * docs/security-model.md draws the boundaries, docs/adr/0011-own-sandbox-over-bubblewrap.md says why it is made this way.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxMode } from '../config/sandbox-settings.ts'
import type { EgressRules } from '../domain/egress.ts'
import { stricterSandbox } from '../domain/sandbox-mode.ts'
import { OperatorError } from '../lib/errors.ts'
import { sandboxMissing } from '../messages/sandbox.ts'
import { boxArguments } from './box-arguments.ts'
import { type CgroupSupport, cgroupSupport, makeCgroup } from './cgroups.ts'
import { watchDisk } from './disk-watch.ts'
import { type EgressProxy, openEgressProxy } from './egress-proxy.ts'
import type { SandboxLaunch, SandboxLimits, SandboxPlaces } from './launch.ts'
import { canBeCovered, makePlantedFolders, plannedPlants, removePlants } from './planted-files.ts'
import { probeSandbox, type SandboxTools } from './probe.ts'
import { programPaths, toolChainPaths } from './read-paths.ts'
import { type SharedFiles, writeSharedFiles } from './shared-files.ts'
import { startScript, withEgress } from './start-script.ts'
import { upstreamProxyOf } from './upstream-proxy.ts'

/** What a run asks of its sandbox. */
export interface BoxRequest {
  /** What the repository wants; the stricter of it and the operator's mode counts. */
  mode: SandboxMode | undefined
  places: SandboxPlaces
  /** Servers that are reached, besides those of the operator; public addresses only. */
  hosts: readonly string[]
  /** Servers that the operator names for this run, such as the base URL of a provider. */
  operatorHosts?: readonly string[]
}

/** The sandbox of one run, before its program is started. */
export interface Box {
  wrap(launch: SandboxLaunch): { file: string; args: string[]; env: Record<string, string> }
  /** Servers that were asked for and refused. */
  readonly refusedHosts: readonly string[]
  /** Aborted, with the reason, when the program has used up its share of the disk. */
  readonly overDisk: AbortSignal
  /** Ends what belongs to it. Its processes have ended before. */
  close(): Promise<void>
}

/** What is said about it: at the start, by `/healthz`, in pull requests. */
export interface SandboxStatus {
  mode: SandboxMode
  on: boolean
  /** Why there is none. */
  why?: string
  install?: string
  /** How the caps are set. */
  limits?: CgroupSupport
}

export interface Sandbox {
  readonly status: SandboxStatus
  /**
   * Opens one for a run.
   * @returns undefined where none is wanted, or none can be had and `auto` is content with that.
   * @throws {SandboxMissing} when one is required and there is none.
   */
  open(request: BoxRequest): Promise<Box | undefined>
}

/** One is required, and there is none. */
export class SandboxMissing extends OperatorError {
  override name = 'SandboxMissing'
}

/** The operator's part: `SANDBOX` and its neighbours in the environment. */
export interface SandboxOptions {
  mode: SandboxMode
  dataDirectory: string
  /** What no program in a sandbox may see, wherever it lies. */
  hidden: readonly string[]
  hosts: readonly string[]
  readable: readonly string[]
  writable: readonly string[]
  limits: SandboxLimits
  /** Bytes that the places of one run may grow by. */
  diskBytes: number
  /** The environment of this process, for PATH and the proxy of this machine. */
  env: Readonly<Record<string, string>>
  /** Instead of searching for the programs. */
  tools?: SandboxTools
}

/** Searches for what a sandbox needs, and says whether there is one. Nothing is started yet. */
export function openSandbox(options: SandboxOptions): Sandbox {
  const { mode } = options
  const tools: SandboxTools = options.tools ?? probeSandbox(options.env.PATH)
  const files = tools.found ? writeSharedFiles(options.dataDirectory) : undefined
  const limits = tools.found ? cgroupSupport(`tutti-try-${randomBytes(4).toString('hex')}`) : undefined
  const status: SandboxStatus = tools.found
    ? { mode, on: mode !== 'off', ...(mode === 'off' ? { why: 'SANDBOX=off' } : { limits }) }
    : { mode, on: false, why: tools.why, install: tools.install }
  return {
    status,
    open: async (request) => {
      const wanted = stricterSandbox(mode, request.mode)
      if (wanted === 'off') return undefined
      if (tools.found && files) return openBox(options, { tools, files, limits }, request)
      if (wanted === 'auto' || tools.found) return undefined
      throw new SandboxMissing(sandboxMissing(tools.why, tools.install))
    },
  }
}

interface Parts {
  tools: Extract<SandboxTools, { found: true }>
  files: SharedFiles
  limits: CgroupSupport | undefined
}

async function openBox(options: SandboxOptions, parts: Parts, request: BoxRequest): Promise<Box> {
  const { tools, files } = parts
  const places = realPlaces(request.places, options)
  mkdirSync(join(places.home, 'tmp'), { recursive: true, mode: 0o700 })
  const rules: EgressRules = {
    operator: [...options.hosts, ...(request.operatorHosts ?? [])],
    others: request.hosts,
  }
  const way = await openWayOut(rules, options, places.home)
  const cgroup = makeCgroup(`tutti-${process.pid}-${randomBytes(6).toString('hex')}`, options.limits)
  const kept = [options.dataDirectory, ...options.hidden]
  const plants = plannedPlants(places.cwd, places.neverCreate)
  makePlantedFolders(plants)
  const disk = watchDisk([places.home, ...places.writable], options.diskBytes)
  return {
    wrap: ({ file, args, env }) => {
      const toolChains = [...toolChainPaths(env.PATH, kept), ...programPaths(file, kept), ...options.readable]
      const box = boxArguments(places, { toolChains, hidden: kept, files })
      const inside = way ? withEgress(tools.socat, way.socket, [file, ...args]) : [file, ...args]
      return {
        ...startScript({ tools, filter: files.filter, limits: options.limits, capped: parts.limits, cgroup }, [
          ...box,
          '--',
          ...inside,
        ]),
        env: { ...env, ...(way ? way.env : {}) },
      }
    },
    get refusedHosts() {
      return way?.proxy.refused ?? []
    },
    overDisk: disk.signal,
    close: async () => {
      disk.stop()
      removePlants(plants)
      await way?.close()
      await cgroup?.remove()
    },
  }
}

function realPlaces(places: SandboxPlaces, options: SandboxOptions): SandboxPlaces {
  mkdirSync(places.home, { recursive: true, mode: 0o700 })
  const cwd = realpathSync(places.cwd)
  // Paths of the tree are known by the name that they were given, and bound by the real one.
  const real = (path: string) => (path.startsWith(places.cwd) ? cwd + path.slice(places.cwd.length) : path)
  return {
    cwd,
    home: realpathSync(places.home),
    writable: [...places.writable.map(real), ...options.writable],
    readable: places.readable.map(real),
    neverCreate: places.neverCreate.map(real).filter((path) => canBeCovered(cwd, path)),
  }
}

interface WayOut {
  proxy: EgressProxy
  socket: string
  env: Record<string, string>
  close(): Promise<void>
}

/** A path of a Unix socket holds 107 bytes on Linux (unix(7)). */
const maxSocketPath = 100
/** Inside of the sandbox, whose loopback belongs to it alone. */
export const proxyPort = 3128

/** The proxy of a run; none where no server is listed. */
async function openWayOut(rules: EgressRules, options: SandboxOptions, home: string): Promise<WayOut | undefined> {
  if (rules.operator.length + rules.others.length === 0) return undefined
  let socket = join(home, 'egress.sock')
  let folder: string | undefined
  if (Buffer.byteLength(socket) > maxSocketPath) {
    folder = await mkdtemp(join(tmpdir(), 'tutti-egress-'))
    socket = join(folder, 'egress.sock')
  }
  await rm(socket, { force: true })
  const proxy = await openEgressProxy(socket, { rules, upstream: upstreamProxyOf(options.env) })
  const url = `http://127.0.0.1:${proxyPort}`
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'https_proxy', 'http_proxy', 'all_proxy']
  const without = 'localhost,127.0.0.1,::1'
  return {
    proxy,
    socket,
    // Node's own `fetch` uses a proxy only when it is asked to.
    env: {
      ...Object.fromEntries(names.map((name) => [name, url])),
      ...{ NO_PROXY: without, no_proxy: without, NODE_USE_ENV_PROXY: '1' },
    },
    close: async () => {
      await proxy.close()
      await rm(folder ?? socket, { recursive: true, force: true })
    },
  }
}
