/**
 * A Postgres server of the run's own: made in its directory, reached on loopback alone, and ended in every way in which the
 * processes of a server end. It waits for the disk (`fsync`) as it does everywhere.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { endWithThisProcess } from './children.ts'

/**
 * `immediate` is SIGQUIT and `fast` is SIGINT to the postmaster, which then ends with all its processes; `postmaster` is `kill -9` of
 * that one process; `backend` is `kill -9` of one that serves a client, after which the postmaster itself ends all others and recovers.
 */
export const waysToEnd = ['immediate', 'fast', 'postmaster', 'backend'] as const

export type WayToEnd = (typeof waysToEnd)[number]

export interface OwnPostgres {
  /** Of a superuser. */
  readonly url: string
  /** Ends it in this way, starts it again, and waits until it takes connections. @throws when it does not. */
  restart(way: WayToEnd): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

interface Cluster {
  bin: string
  data: string
  log: string
  port: number
  password: string
  /** The user of its processes, where this process is root: Postgres refuses to run as root. */
  user: { uid: number; gid: number } | undefined
}

/** How long a server may take to come up, crash recovery included, in ms. */
const patienceMs = 120_000

/**
 * Makes a cluster in a directory and starts it.
 * @param directory is made; the directories above it are opened for passing through where the server is another user.
 * @throws with what to install where the programs of a server are missing.
 */
export async function startOwnPostgres(directory: string): Promise<OwnPostgres> {
  const bin = await findServerPrograms()
  const user = process.getuid?.() === 0 ? await ordinaryUser() : undefined
  await mkdir(directory, { mode: 0o700 })
  if (user) {
    await openForPassing(dirname(directory))
    await chown(directory, user.uid, user.gid)
  }
  const password = randomBytes(16).toString('hex')
  const cluster = { bin, user, password, port: await freePort(), ...placesIn(directory) }
  await makeCluster(cluster, directory)
  let server = await startServer(cluster)
  return {
    url: urlOf(cluster),
    restart: async (way) => {
      if (way === 'backend') return killOneBackend(cluster)
      await end(server, signals[way])
      server = await startServer(cluster)
    },
    stop: () => end(server, 'SIGINT'),
  }
}

const signals = { immediate: 'SIGQUIT', fast: 'SIGINT', postmaster: 'SIGKILL' } as const

function placesIn(directory: string) {
  return { data: join(directory, 'data'), log: join(directory, 'postgres.log') }
}

function urlOf({ port, password }: Cluster): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
}

/**
 * The folder of `initdb` and `postgres`: on the PATH, or where Debian and its relatives keep one for each version.
 * @throws with what to install where there is none.
 */
export async function findServerPrograms(debian = '/usr/lib/postgresql'): Promise<string> {
  const versions = (await readdir(debian).catch(() => [])).sort((one, other) => Number(other) - Number(one))
  const folders = [...(process.env.PATH ?? '').split(':'), ...versions.map((version) => join(debian, version, 'bin'))]
  const found = folders.find(
    (folder) => folder && ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  )
  if (found) return found
  throw new Error(
    '--own-postgres needs the programs of a Postgres server, and initdb was not found: install them (Debian, Ubuntu: apt-get install postgresql), or put their folder on the PATH',
  )
}

/** Lets other users pass through a directory, and through those above it up to that of temporary files. */
async function openForPassing(directory: string): Promise<void> {
  if (!directory.startsWith(tmpdir())) return
  const mode = (await stat(directory)).mode & 0o7777
  if ((mode & 0o011) !== 0o011) await chmod(directory, mode | 0o011)
  await openForPassing(dirname(directory))
}

async function ordinaryUser(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  if (!line) throw new Error('Postgres does not run as root, and there is no user postgres or nobody to run it as')
  return { uid: Number(line[2]), gid: Number(line[3]) }
}

/** One below those that outgoing connections are given: while the server is down, none of them may take it. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw new Error('no port from 20000 to 30000 is free')
}

async function makeCluster(cluster: Cluster, directory: string): Promise<void> {
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, cluster.password, { mode: 0o600 })
  if (cluster.user) await chown(passwordFile, cluster.user.uid, cluster.user.gid)
  const args = ['--pgdata', cluster.data, '--username', 'postgres', '--auth', 'md5', '--pwfile', passwordFile]
  const child = run(cluster, 'initdb', [...args, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'])
  const [said, [code]] = await Promise.all([collected(child), once(child, 'close')])
  if (code !== 0) throw new Error(`initdb ended with code ${code}:\n${said}`)
  await appendFile(join(cluster.data, 'postgresql.conf'), settings(cluster.port))
}

/** Loopback alone, no socket file; room for the pools of several processes beside those of the ones that were just killed. */
const settings = (port: number) => `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 300
`

function run({ bin, user, data }: Cluster, program: string, args: string[]): ChildProcess {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' }
  return spawn(join(bin, program), args, { ...user, env, cwd: join(data, '..'), stdio: ['ignore', 'pipe', 'pipe'] })
}

async function collected(child: ChildProcess): Promise<string> {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk))
  await once(child, 'close')
  return text
}

/**
 * Starts the postmaster, again and again: the processes of one that was killed take a moment to see it, and it refuses to start
 * beside them.
 */
async function startServer(cluster: Cluster): Promise<ChildProcess> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const server = run(cluster, 'postgres', ['-D', cluster.data])
    const said: string[] = []
    for (const stream of [server.stdout, server.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said.push(chunk.toString())
        if (said.length > 20) said.shift()
      })
    endWithThisProcess(server, 'SIGQUIT')
    if (await comesUp(cluster, server, deadline)) return server
    if (performance.now() > deadline) throw new Error(`Postgres does not start:\n${said.join('')}`)
    await sleep(100)
  }
}

/** True once it takes connections, false when it has ended. */
async function comesUp(cluster: Cluster, server: ChildProcess, deadline: number): Promise<boolean> {
  while (isAlive(server) && performance.now() < deadline) {
    if (await canConnect(cluster)) return isAlive(server)
    await sleep(50)
  }
  return false
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function canConnect(cluster: Cluster): Promise<boolean> {
  return ask(cluster, 'select 1').then(
    () => true,
    () => false,
  )
}

async function ask(cluster: Cluster, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: urlOf(cluster), connectionTimeoutMillis: 2_000 })
  // The server may die while it is asked.
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(query)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(server)) return
  const gone = once(server, 'exit')
  server.kill(signal)
  await gone
}

/** Kills the process that serves a client; the postmaster ends all others for it, and recovers with the same process id. */
async function killOneBackend(cluster: Cluster): Promise<void> {
  const watching = new pg.Client({ connectionString: urlOf(cluster) })
  const ended = new Promise<void>((resolve) => {
    watching.on('error', () => resolve())
    watching.on('end', () => resolve())
  })
  await watching.connect()
  const others = `select pid from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1`
  const { rows } = await watching.query<{ pid: number }>(others)
  // Without a client there is still the one that asks.
  process.kill(rows[0]?.pid ?? (await ownPid(watching)), 'SIGKILL')
  await ended
  const deadline = performance.now() + patienceMs
  while (!(await canConnect(cluster))) {
    if (performance.now() > deadline) throw new Error('Postgres has not recovered from the end of a backend')
    await sleep(50)
  }
}

async function ownPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}
