/** Tutti as one process or as several, of which each is started and ended by itself. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LogLine, type Program, startProgram } from '../../src/playground/demo/program.ts'
import type { PlaygroundGitHub } from '../../src/playground/github/server.ts'
import { endWithThisProcess } from './children.ts'

/** What a process does: everything, or one of the two parts of it. */
export const processRoles = ['all', 'web', 'runner'] as const

export type ProcessRole = (typeof processRoles)[number]

export interface TuttiProcess {
  /** Starts it; resolves when it serves, or has ended. */
  start(): Promise<void>
  /** It was started and has not ended. */
  isAlive(): boolean
  /** Ends it with a signal, and waits until it is gone. @returns false where it had ended by itself before. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<boolean>
}

export interface TuttiPlace {
  github: PlaygroundGitHub
  /** Of the whole run; each process has its data and its log in it. */
  directory: string
  env: Record<string, string>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/**
 * One process for each role, none started yet. Webhooks go to one that serves and takes them, now to the one and now to
 * the other, as behind a balancer that sees at once which of them are up.
 */
export async function prepareProcesses(place: TuttiPlace, roles: readonly ProcessRole[]) {
  const route = createRoute(place.github)
  const processes = []
  for (const [index, role] of roles.entries()) processes.push(await prepare(place, route, { role, index }))
  return { processes, close: route.close }
}

type Route = ReturnType<typeof createRoute>

function createRoute(github: PlaygroundGitHub) {
  const up = new Set<string>()
  let turn = 0
  const next = () => {
    const url = [...up][turn++ % Math.max(1, up.size)]
    if (url) github.setWebhookUrl(`${url}/api/github/webhooks`)
  }
  // Where none is up, webhooks go on to the last one, and fail there.
  const turns = setInterval(() => up.size > 1 && next(), 300)
  return {
    add: (url: string) => {
      up.add(url)
      next()
    },
    remove: (url: string) => {
      if (up.delete(url)) next()
    },
    close: () => clearInterval(turns),
  }
}

async function prepare(
  { github, directory, env }: TuttiPlace,
  route: Route,
  { role, index }: { role: ProcessRole; index: number },
): Promise<TuttiProcess> {
  const name = `${role}-${index + 1}`
  const data = join(directory, `data-${name}`)
  await mkdir(data)
  let running: Promise<void> | undefined
  let child: Program['process'] | undefined
  let url = ''
  let ending = false
  const isAlive = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const kill = async (signal: 'SIGKILL' | 'SIGTERM') => {
    ending = true
    route.remove(url)
    const alive = isAlive()
    if (alive) {
      const gone = new Promise((resolve) => child?.once('exit', resolve))
      child?.kill(signal)
      await gone
    }
    await running
    return alive
  }
  const start = () => {
    ending = false
    running = startProgram({
      main,
      args: role === 'all' ? [] : ['--only', role],
      env: { ...env, DATA_DIR: data },
      logFile: join(directory, `tutti-${name}.log`),
      onSpawn: (process) => {
        child = process
        process.once('exit', () => route.remove(url))
        endWithThisProcess(process, 'SIGKILL')
      },
      onLine: (_line: LogLine) => github.changed.dispatchEvent(new Event('change')),
    }).then(
      (started) => {
        url = started.url
        if (role !== 'runner' && !ending) route.add(url)
      },
      (error: Error) => {
        if (!ending) process.stderr.write(`${name}: ${error.message}\n`)
      },
    )
    return running
  }
  return { start, isAlive, kill }
}
