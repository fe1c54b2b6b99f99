/** The Git Database API: blobs, trees and commits, one object at a time. */

import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { created, ok, parseBody, type RepositoryCall, type Route, repositoryRoute, textParam } from '../api/route.ts'
import { commitTree, readCommit, type Signature } from '../commits.ts'
import { ApiRefusal, invalid } from '../model.ts'
import { commitBody, signature } from '../payloads/commits.ts'
import { repositoryUrl } from '../payloads/repositories.ts'
import { objectId } from '../sha.ts'
import { gitSignatureOf } from '../world.ts'

const Id = z.string().regex(/^[0-9a-f]{40}$/)
const NewBlob = z.object({ content: z.string(), encoding: z.enum(['utf-8', 'base64']).default('utf-8') })
const NewTree = z.object({
  base_tree: Id.optional(),
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.enum(['100644', '100755', '040000', '160000', '120000']),
      type: z.enum(['blob', 'tree', 'commit']),
      sha: Id.nullish(),
      content: z.string().optional(),
    }),
  ),
})
const Person = z.object({ name: z.string(), email: z.string(), date: z.coerce.date().optional() })
const NewCommit = z.object({
  message: z.string(),
  tree: Id,
  parents: z.array(Id).default([]),
  author: Person.optional(),
  committer: Person.optional(),
})

export const gitDataRoutes: Route[] = [
  repositoryRoute('POST', '/git/blobs', 'contents:write', async (call) => {
    const { content, encoding } = parseBody(call, NewBlob)
    const id = await writeObject(call, 'blob', Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'))
    const body = { sha: id, url: `${repositoryUrl(call.world, call.repository)}/git/blobs/${id}` }
    return created(body)
  }),
  repositoryRoute('POST', '/git/trees', 'contents:write', createTree),
  repositoryRoute('POST', '/git/commits', 'contents:write', createCommit),
  repositoryRoute('GET', '/git/commits/{commit_sha}', 'contents:read', async (call) =>
    ok(await gitCommit(call, textParam(call, 'commit_sha'))),
  ),
]

async function writeObject(call: RepositoryCall, type: string, bytes: Buffer): Promise<string> {
  const args = ['hash-object', '-t', type, '-w', '--stdin']
  return (await call.world.git.run(call.repository.path, args, { input: bytes })).stdout.trim()
}

async function createTree(call: RepositoryCall) {
  const { base_tree, tree } = parseBody(call, NewTree)
  const { git } = call.world
  const { path } = call.repository
  const index = join(path, `index-${randomUUID()}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    if (base_tree) await git.run(path, ['read-tree', base_tree], { env })
    const lines: string[] = []
    for (const entry of tree) {
      const id =
        entry.content === undefined ? entry.sha : await writeObject(call, 'blob', Buffer.from(entry.content, 'utf8'))
      lines.push(id ? `${entry.mode} ${id}\t${entry.path}\0` : `0 ${'0'.repeat(40)}\t${entry.path}\0`)
    }
    await git.run(path, ['update-index', '-z', '--index-info'], { env, input: lines.join('') })
    const id = (await git.run(path, ['write-tree'], { env })).stdout.trim()
    const url = `${repositoryUrl(call.world, call.repository)}/git/trees/${id}`
    const body = { sha: id, url, truncated: false }
    return created(body)
  } catch (error) {
    throw error instanceof ApiRefusal ? error : invalid('Tree', 'tree', 'invalid', String(error))
  } finally {
    await rm(index, { force: true })
  }
}

/** A commit without author and committer is by the app's bot, committed by GitHub, and signed. */
async function createCommit(call: RepositoryCall) {
  const { world, repository, actor } = call
  const wanted = parseBody(call, NewCommit)
  const mine = gitSignatureOf(world, actor.account)
  const parents = wanted.parents.map(objectId)
  for (const parent of parents)
    if (!(await readCommit(world.git, repository.path, parent)))
      throw new ApiRefusal(422, 'Parent SHA does not exist or is not a commit object')
  if (wanted.author || wanted.committer || !actor.app) {
    const author = { ...mine, ...wanted.author } as Signature
    const request = { tree: wanted.tree, parents, message: wanted.message, author }
    const committer = { ...author, ...wanted.committer } as Signature
    return created(await gitCommit(call, await commitTree(world.git, repository.path, { ...request, committer })))
  }
  const stamp = (name: string, email: string) => `${name} <${email}> ${Math.floor(mine.date.getTime() / 1000)} +0000`
  const lines = [
    `tree ${wanted.tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${stamp(mine.name, mine.email)}`,
    `committer ${stamp('GitHub', 'noreply@github.com')}`,
    `gpgsig ${signature.replaceAll('\n', '\n ')}`,
    '',
    wanted.message,
  ]
  const id = objectId(await writeObject(call, 'commit', Buffer.from(lines.join('\n'))))
  repository.signed.add(id)
  return created(await gitCommit(call, id))
}

async function gitCommit(call: RepositoryCall, id: string) {
  const commit = await readCommit(call.world.git, call.repository.path, objectId(id))
  if (!commit) throw new ApiRefusal(404, 'Not Found')
  const body = commitBody(call.world, call.repository, commit)
  const { author, committer, tree, message, verification } = body.commit
  const { parents, html_url, node_id } = body
  return { sha: body.sha, node_id, html_url, url: body.url, author, committer, tree, message, parents, verification }
}
