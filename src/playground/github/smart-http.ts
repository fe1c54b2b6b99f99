/** git clone, fetch and push over HTTP: `git http-backend` behind the same tokens and permissions as the API. */
import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { changeRefs } from './acts/refs.ts'
import { covers, granted } from './api/access.ts'
import { misbehaveAfter, misbehaveBefore } from './api/misbehave.ts'
import type { Auth, Caller, Token } from './auth.ts'
import { apiFault, type FaultBook } from './faults.ts'
import { type Account, type ActingAccount, ApiRefusal, type RepositoryRecord } from './model.ts'
import { pushRuleEnvironment } from './push-rules.ts'
import { appActor, findRepository, nameOf, roleOf, type World } from './world.ts'

/** A request of git's protocol. */
export interface GitRequest {
  /** `POST /{owner}/{repo}.git/git-receive-pack` */
  route: string
  repository: string
  service: 'git-upload-pack' | 'git-receive-pack'
  status: number
  at: Date
}

export interface GitParts {
  world: World
  auth: Auth
  faults: FaultBook
  log: GitRequest[]
}

const ADDRESS = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

/** Is this address git's? */
export function isGitAddress(url: string): boolean {
  return ADDRESS.test(url.split('?')[0] ?? '') && !url.startsWith('/api/')
}

/** Answers one request of git's protocol. */
export async function serveGit(parts: GitParts, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { world } = parts
  const url = new URL(incoming.url ?? '/', world.url)
  const [, name = '', file = ''] = ADDRESS.exec(url.pathname) ?? []
  const push = file === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
  const request: GitRequest = {
    route: `${incoming.method} /{owner}/{repo}.git/${file}`,
    repository: name,
    service: push ? 'git-receive-pack' : 'git-upload-pack',
    status: 0,
    at: world.now(),
  }
  parts.log.push(request)
  const method = incoming.method ?? 'GET'
  const rule = apiFault(parts.faults, { route: request.route, method, path: url.pathname, git: true }, world.now())
  const instead = rule && (await misbehaveBefore(rule, outgoing))
  if (instead === 'cut') return
  if (instead) {
    outgoing.writeHead(instead.status, instead.headers).end(instead.text)
    return
  }
  try {
    const { repository, actor, caller } = admit(parts, name, push, incoming.headers.authorization)
    const cgi = { incoming, outgoing, url, file, repository, actor, limits: pushLimits(repository, caller) }
    if (file !== 'git-receive-pack') await stream(world, cgi)
    else {
      // Held back until the push is sent out, so that who pushed finds the new refs everywhere.
      const answer = await changeRefs({ world, actor }, repository, () => runBackend(world, cgi))
      if (rule && (await misbehaveAfter(rule, outgoing)) === 'cut') return
      outgoing.writeHead(answer.status, answer.headers).end(answer.body)
    }
  } catch (error) {
    refuse(outgoing, error)
  }
  request.status = outgoing.statusCode
  world.changed()
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  const refusal = error instanceof ApiRefusal ? error : new ApiRefusal(500, String(error))
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' }
  if (refusal.status === 401) headers['www-authenticate'] = 'Basic realm="GitHub"'
  outgoing.writeHead(refusal.status, headers).end(refusal.message)
}

function admit(
  { world, auth }: GitParts,
  name: string,
  push: boolean,
  authorization: string | undefined,
): { repository: RepositoryRecord; actor: ActingAccount; caller: Caller } {
  const repository = findRepository(world, name)
  const caller = auth.identify(authorization)
  // Like GitHub, ask for credentials before telling whether the repository exists.
  if (!repository && caller.kind === 'anonymous') throw new ApiRefusal(401, 'Authentication required.')
  if (!repository) throw new ApiRefusal(404, 'Repository not found.')
  switch (caller.kind) {
    case 'installation':
      checkToken(repository, caller.token, push)
      return { repository, caller, actor: appActor(world.app) }
    case 'person':
      checkPerson(repository, caller.account, push)
      return { repository, caller, actor: { account: caller.account } }
    default:
      if (push || repository.private) throw new ApiRefusal(401, 'Authentication required.')
      return { repository, caller, actor: { account: repository.owner } }
  }
}

/** What is public may be read with any token. */
function checkToken(repository: RepositoryRecord, token: Token, push: boolean): void {
  if (!repository.private && !push) return
  if (!covers(token, repository)) throw new ApiRefusal(404, 'Repository not found.')
  if (!granted(token, push ? 'contents:write' : 'contents:read'))
    throw new ApiRefusal(403, 'Write access to repository not granted.')
}

function checkPerson(repository: RepositoryRecord, account: Account, push: boolean): void {
  const role = roleOf(repository, account)
  if (role === 'none' && repository.private) throw new ApiRefusal(404, 'Repository not found.')
  if (push && !['admin', 'maintain', 'write'].includes(role))
    throw new ApiRefusal(403, `Permission to ${nameOf(repository)}.git denied to ${account.login}.`)
}

/** What the `pre-receive` hook refuses. */
function pushLimits(repository: RepositoryRecord, caller: Caller): Record<string, string> {
  if (caller.kind === 'person' && roleOf(repository, caller.account) === 'admin') return {}
  return pushRuleEnvironment(repository, caller.kind !== 'installation' || granted(caller.token, 'workflows:write'))
}

interface Cgi {
  incoming: IncomingMessage
  outgoing: ServerResponse
  url: URL
  file: string
  repository: RepositoryRecord
  actor: ActingAccount
  limits: Record<string, string>
}

function startBackend(world: World, { incoming, url, file, repository, actor, limits }: Cgi) {
  const { headers } = incoming
  const text = (value: string | string[] | undefined): string =>
    Array.isArray(value) ? value.join(', ') : (value ?? '')
  const child = spawn(world.git.httpBackend, [], {
    stdio: 'pipe',
    env: {
      ...world.git.env,
      ...limits,
      GIT_PROJECT_ROOT: repository.path,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${file}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: incoming.method ?? 'GET',
      CONTENT_TYPE: text(headers['content-type']),
      // Without it the backend reads to the end, which is what a chunked body needs.
      ...(headers['content-length'] ? { CONTENT_LENGTH: headers['content-length'] } : {}),
      HTTP_CONTENT_ENCODING: text(headers['content-encoding']),
      HTTP_GIT_PROTOCOL: text(headers['git-protocol']),
      REMOTE_USER: actor.account.login,
      REMOTE_ADDR: '127.0.0.1',
    },
  })
  world.git.keep(child)
  child.stdin.on('error', () => undefined)
  incoming.pipe(child.stdin)
  // A client that dies before its push was read never ends the body, also when all of it has arrived (`complete`): the
  // backend would wait for the rest, and every other push for the backend.
  const cut = () => void (incoming.readableEnded || child.stdin.destroy())
  if (incoming.destroyed) cut()
  else incoming.once('close', cut)
  return child
}

interface CgiAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** Runs the backend to its end and keeps what it answers. */
function runBackend(world: World, cgi: Cgi): Promise<CgiAnswer> {
  const child = startBackend(world, cgi)
  // A client that goes away mid-push must not hold the repository.
  const cut = () => void (cgi.incoming.readableEnded || child.kill())
  if (cgi.incoming.destroyed) cut()
  else cgi.incoming.once('close', cut)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', () => {
      const answer = parseAnswer(Buffer.concat(chunks))
      if (answer) resolve(answer)
      else reject(new Error('git http-backend gave no answer'))
    })
  })
}

/** Passes the answer on as it comes: a clone may be large. */
function stream(world: World, cgi: Cgi): Promise<void> {
  const { outgoing } = cgi
  const child = startBackend(world, cgi)
  outgoing.once('close', () => child.kill())
  return new Promise((resolve, reject) => {
    let head: Buffer | undefined = Buffer.alloc(0)
    child.stdout.on('data', (chunk: Buffer) => {
      if (!head) {
        if (!outgoing.write(chunk)) {
          child.stdout.pause()
          outgoing.once('drain', () => child.stdout.resume())
        }
        return
      }
      head = Buffer.concat([head, chunk])
      const answer = parseAnswer(head)
      if (!answer) return
      head = undefined
      outgoing.writeHead(answer.status, answer.headers)
      outgoing.write(answer.body)
    })
    child.once('error', reject)
    child.once('close', () => {
      if (head) return reject(new Error('git http-backend gave no answer'))
      outgoing.end(() => resolve())
      if (outgoing.destroyed) resolve()
    })
  })
}

/** Headers, an empty line, body; undefined while the empty line is not there yet. */
function parseAnswer(bytes: Buffer): CgiAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const headers: Record<string, string> = {}
  let status = 200
  for (const line of bytes.subarray(0, end).toString('latin1').split('\r\n')) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    const value = line.slice(at + 1).trim()
    if (name === 'status') status = Number.parseInt(value, 10)
    else headers[name] = value
  }
  return { status, headers, body: bytes.subarray(end + 4) }
}
