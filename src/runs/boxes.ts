/** The sandboxes of runs: what an agent, a gate or a set-up step may see and reach. */

import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { AgentKind } from '../agents/agent.ts'
import type { Settings } from '../config/settings.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { Box, Sandbox } from '../sandbox/sandbox.ts'

/** A program of the repository in a tree. */
interface ProgramPlace {
  control: Pick<BareClone, 'bindings'>
  settings: Settings
  purpose: 'setup' | 'gates'
  /** The tree. */
  cwd: string
  /** A folder of the program's own, with its HOME and its `tmp`. */
  home: string
}

/**
 * Opens the sandbox of a set-up step or of gates.
 * @returns undefined where there is none, and none is required.
 * @throws {SandboxMissing} when one is required and there is none.
 */
export function programBox(
  sandbox: Sandbox,
  { control, settings, purpose, cwd, home }: ProgramPlace,
): Promise<Box | undefined> {
  const { writable, readOnly, neverCreate } = control.bindings({ path: cwd, scratch: false })
  return sandbox.open({
    mode: settings.sandbox,
    places: { cwd, home, writable, readable: readOnly, neverCreate },
    hosts: settings.network[purpose],
  })
}

/** An agent in its tree. */
interface AgentPlace {
  control: Pick<BareClone, 'bindings'>
  settings: Settings
  kind: AgentKind
  cwd: string
  home: string
  /** It reads the tree, and changes nothing in it. */
  readsOnly: boolean
  /** What its tools need. */
  paths: readonly string[]
  /** The environment of this process. */
  env: Readonly<Record<string, string>>
}

/** The same for an agent. */
export function agentBox(sandbox: Sandbox, place: AgentPlace): Promise<Box | undefined> {
  const { control, settings, kind, cwd, home, env } = place
  const tree = control.bindings({ path: cwd, scratch: false })
  const given = kind.env.flatMap((name) => env[name] ?? [])
  const readable = [...tree.readOnly, ...place.paths, ...kind.reads, ...given.filter(isPath)]
  return sandbox.open({
    mode: settings.sandbox,
    places: place.readsOnly
      ? { cwd, home, writable: [], readable: [cwd, ...readable], neverCreate: [] }
      : { cwd, home, writable: tree.writable, readable, neverCreate: tree.neverCreate },
    hosts: [...kind.hosts, ...settings.network.agent],
    operatorHosts: kind.env.flatMap((name) => serverOf(name, env[name])),
  })
}

/** A file that the operator names in a variable of this kind: certificates, credentials, a configuration. */
const isPath = (value: string) => isAbsolute(value) && existsSync(value)

/** The server of a variable that holds the address of a provider: whoever set it wants it to be reached. */
function serverOf(name: string, value = ''): string[] {
  if (/proxy$/i.test(name) || !/^https?:\/\//.test(value) || !URL.canParse(value)) return []
  const { hostname, port, protocol } = new URL(value)
  return [`${hostname.replace(/^\[|\]$/g, '')}:${port || (protocol === 'https:' ? 443 : 80)}`]
}

/** The HOME of a run; that of an earlier one where it goes on with its session. */
export function homeOf(dataDirectory: string, { id, homeRunId }: { id: number; homeRunId: number | null }): string {
  return join(dataDirectory, 'homes', `run-${homeRunId ?? id}`)
}
