/**
 * Answers an agent's permission requests. A policy is a pure function of the request; no run waits for a person here. It
 * is not the protection: the sandbox contains an agent that does not ask.
 */

import { isAbsolute, normalize, resolve, sep } from 'node:path'
import type { PermissionOption, RequestPermissionRequest } from '@agentclientprotocol/sdk'
import { asList, asRecord } from '../../lib/sanitise-text.ts'

export interface PermissionDecision {
  allowed: boolean
  /** The chosen option; undefined answers the request as cancelled. */
  optionId: string | undefined
  /** Why, for the log and the timeline. */
  reason: string
}

export type PermissionPolicy = (request: RequestPermissionRequest) => PermissionDecision

/** The policies by name, so that a task for another thread can name one. */
export const policies = { 'inside-roots': insideRoots, 'reading-only': readingOnly } satisfies Record<
  string,
  (roots: readonly string[]) => PermissionPolicy
>

export type PermissionRule = keyof typeof policies

/** Fields with the paths of a tool call. ACP leaves the shape of `rawInput` to the agents. */
const pathFields = ['path', 'file_path', 'filePath', 'abs_path', 'absolute_path', 'notebook_path', 'directory', 'dir']
const cwdFields = ['cwd', 'workdir', 'working_directory', 'workingDirectory']

/**
 * Allows reading, editing and running commands inside the given directories, and refuses a request that names a path
 * outside of them, or that would change the agent's mode (in a mode without requests this policy would have no effect).
 * @param roots absolute paths; relative paths in a request count from the first one.
 */
export function insideRoots(roots: readonly string[]): PermissionPolicy {
  const allowed = roots.map((root) => normalize(root).replace(/(?<=.)[/\\]+$/, ''))
  const base = allowed[0] ?? '/'
  return (request) => {
    if (request.toolCall.kind === 'switch_mode')
      return choose(request.options, false, 'modes are not switched in a run')
    const outside = pathsOf(request).find((path) => !isInside(path, allowed, base))
    if (outside !== undefined) return choose(request.options, false, `${outside} is outside of the workspace`)
    return choose(request.options, true, 'inside the workspace')
  }
}

/** Commands that only read, whatever their arguments. */
const reading = /^(?:ls|cat|head|tail|wc|pwd|grep|git (?:log|show|ls-files|ls-tree|status|rev-parse))(?: |$)/
/** Text that could add a second command, write the output to a file, or start a program from git's settings. */
const joining = /[;&|<>`$()\n\\]|--(?:output|ext-diff|textconv)/

/**
 * Allows reading inside the given directories, and refuses what changes something: edits, deletions, moves, and commands
 * other than a few that only read. For agents that plan.
 * @param roots as for `insideRoots`.
 */
export function readingOnly(roots: readonly string[]): PermissionPolicy {
  const inside = insideRoots(roots)
  return (request) => {
    const { kind, rawInput, title } = request.toolCall
    if (kind === 'edit' || kind === 'delete' || kind === 'move')
      return choose(request.options, false, 'nothing is changed while a plan is made')
    const command = asRecord(rawInput)?.command ?? title
    const reads = typeof command === 'string' && reading.test(command) && !joining.test(command)
    // A call with a command is one, whatever its kind says.
    const runs = kind === 'execute' || asRecord(rawInput)?.command !== undefined
    if (runs && !reads) return choose(request.options, false, 'only commands that read are run while a plan is made')
    return inside(request)
  }
}

/** The narrowest option: with an answer for always, the agent would not send later requests. */
function choose(options: readonly PermissionOption[], allowed: boolean, reason: string): PermissionDecision {
  const kinds = allowed ? (['allow_once', 'allow_always'] as const) : (['reject_once', 'reject_always'] as const)
  for (const kind of kinds) {
    const option = options.find((candidate) => candidate.kind === kind)
    if (option) return { allowed, optionId: option.optionId, reason }
  }
  return { allowed: false, optionId: undefined, reason: allowed ? 'no option allows it' : reason }
}

/** Every path that a request names: its locations, its diffs, and the usual fields of its raw input. */
function pathsOf(request: RequestPermissionRequest): string[] {
  const { locations, content, rawInput } = request.toolCall
  const located = asList(locations, 1000).map((location) => asRecord(location)?.path)
  const diffs = asList(content, 1000).map((item) =>
    asRecord(item)?.type === 'diff' ? asRecord(item)?.path : undefined,
  )
  const input = asRecord(rawInput)
  const named = [...pathFields, ...cwdFields].map((field) => input?.[field])
  return [...located, ...diffs, ...named].filter((path): path is string => typeof path === 'string' && path !== '')
}

function isInside(path: string, roots: readonly string[], base: string): boolean {
  if (path.includes('\0') || path.startsWith('~')) return false
  const full = isAbsolute(path) ? normalize(path) : resolve(base, path)
  return roots.some((root) => full === root || full.startsWith(root.endsWith(sep) ? root : root + sep))
}
