/** A cgroup for each sandbox, where this process may make one: it caps memory and processes of all of it together. */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SandboxLimits } from './launch.ts'

const root = '/sys/fs/cgroup'

/** The cgroup of one sandbox, in one folder for each controller (version 1) or in one (version 2). */
export interface Cgroup {
  /** Files that a process writes its id to, in order to be in it. */
  joinFiles: string[]
  /** Removes it. All of its processes have ended. */
  remove(): Promise<void>
}

/** Which controllers cap memory and processes here. */
export interface CgroupSupport {
  memory: boolean
  processes: boolean
}

/**
 * Makes a cgroup below that of this process.
 * @param name unique on this machine.
 * @returns undefined where none can be made; rlimits are left then.
 */
export function makeCgroup(name: string, limits: SandboxLimits): Cgroup | undefined {
  const folders = parents().flatMap(({ folder, kind }) => {
    const made = join(folder, name)
    try {
      mkdirSync(made)
    } catch {
      return []
    }
    const files = settingsOf(kind, limits)
    const done = files.filter(([file, value]) => write(join(made, file), value)).length
    // Without its cap it would only be a folder that is left behind.
    if (done > 0) return [made]
    remove(made)
    return []
  })
  if (folders.length === 0) return undefined
  return {
    joinFiles: folders.map((folder) => join(folder, 'cgroup.procs')),
    remove: async () => {
      // The kernel holds a folder for some milliseconds after the last process of it has ended.
      for (let pause = 5; pause < 2_000; pause *= 2) {
        if (folders.filter((folder) => !remove(folder)).length === 0) return
        await delay(pause)
      }
    },
  }
}

/** What can be capped for a whole sandbox here, found by making a cgroup. */
export function cgroupSupport(name: string): CgroupSupport {
  const limits = { memoryBytes: 2 ** 30, processes: 100, fileBytes: 0 }
  const made = makeCgroup(name, limits)
  const files = made?.joinFiles ?? []
  const unified = files.some((file) => !/^\/sys\/fs\/cgroup\/(?:memory|pids)\//.test(file))
  void made?.remove()
  return {
    memory: unified || files.some((file) => file.startsWith(join(root, 'memory'))),
    processes: unified || files.some((file) => file.startsWith(join(root, 'pids'))),
  }
}

type Kind = 'memory' | 'pids' | 'unified'

/** `/proc/self/cgroup`: `hierarchy:controllers:path`; version 2 has no controllers there (cgroups(7)). */
function parents(): { folder: string; kind: Kind }[] {
  let text = ''
  try {
    text = readFileSync('/proc/self/cgroup', 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line): { folder: string; kind: Kind }[] => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path === '') return []
    if (controllers === '') return [{ folder: join(root, path), kind: 'unified' }]
    const kind = controllers.split(',').find((one): one is 'memory' | 'pids' => one === 'memory' || one === 'pids')
    return kind ? [{ folder: join(root, controllers, path), kind }] : []
  })
}

function settingsOf(kind: Kind, { memoryBytes, processes }: SandboxLimits): [string, string][] {
  if (kind === 'memory') return [['memory.limit_in_bytes', String(memoryBytes)]]
  if (kind === 'pids') return [['pids.max', String(processes)]]
  return [
    ['memory.max', String(memoryBytes)],
    ['memory.oom.group', '1'],
    ['pids.max', String(processes)],
  ]
}

function write(file: string, value: string): boolean {
  try {
    writeFileSync(file, value, { flag: 'r+' })
    return true
  } catch {
    return false
  }
}

function remove(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}
