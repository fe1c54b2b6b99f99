/** What is in the git repository: refs, branches, commits, files. */
import { z } from 'zod'
import { changeRefs, deleteRef } from '../acts/refs.ts'
import { paged } from '../api/pages.ts'
import {
  created,
  noContent,
  ok,
  parseBody,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textParam,
} from '../api/route.ts'
import { updateRefs } from '../bare.ts'
import { type CommitRecord, isAncestor, mergeBase, readCommit, readCommits } from '../commits.ts'
import { diffFiles } from '../diffs.ts'
import { resolveRef } from '../merges.ts'
import { ApiRefusal, type Schemas } from '../model.ts'
import { nodeId } from '../payloads/accounts.ts'
import { commitBody, fileBody } from '../payloads/commits.ts'
import { protectionBody, repositoryHtml, repositoryUrl } from '../payloads/repositories.ts'
import type { ObjectId } from '../sha.ts'
import { objectId } from '../sha.ts'
import { listFolder, readBlob } from '../trees.ts'
import { commitFor } from './checks.ts'

const CommitId = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform(objectId)
const NewRef = z.object({ ref: z.string().regex(/^refs\/(heads|tags)\/[\w][\w./-]*$/), sha: CommitId })
const RefEdit = z.object({ sha: CommitId, force: z.boolean().default(false) })

export const contentRoutes: Route[] = [
  repositoryRoute('GET', '/git/ref/{ref+}', 'contents:read', (call) => {
    const ref = `refs/${textParam(call, 'ref')}`
    const target = call.repository.refs.get(ref)
    if (!target) throw new ApiRefusal(404, 'Not Found')
    return ok(refBody(call, ref, target))
  }),
  repositoryRoute('GET', '/git/matching-refs/{ref+}', 'contents:read', (call) => {
    const prefix = `refs/${textParam(call, 'ref')}`
    const found = [...call.repository.refs].filter(([ref]) => ref.startsWith(prefix))
    return paged(call, found, ([ref, target]) => refBody(call, ref, target))
  }),
  repositoryRoute('POST', '/git/refs', 'contents:write', async (call) => {
    const wanted = parseBody(call, NewRef)
    await knownCommit(call, wanted.sha)
    await changeRefs({ world: call.world, actor: call.actor }, call.repository, async () => {
      if (call.repository.refs.has(wanted.ref)) throw new ApiRefusal(422, 'Reference already exists')
      await updateRefs(call.world.git, call.repository.path, [{ ref: wanted.ref, to: wanted.sha }])
    })
    return created(refBody(call, wanted.ref, wanted.sha))
  }),
  repositoryRoute('PATCH', '/git/refs/{ref+}', 'contents:write', async (call) => {
    const ref = `refs/${textParam(call, 'ref')}`
    const wanted = parseBody(call, RefEdit)
    await knownCommit(call, wanted.sha)
    await changeRefs({ world: call.world, actor: call.actor }, call.repository, async () => {
      const from = call.repository.refs.get(ref)
      if (!from) throw new ApiRefusal(422, 'Reference does not exist')
      const forward = await isAncestor(call.world.git, call.repository.path, from, wanted.sha)
      if (!forward && !wanted.force) throw new ApiRefusal(422, 'Update is not a fast forward')
      await updateRefs(call.world.git, call.repository.path, [{ ref, from, to: wanted.sha }])
    })
    return ok(refBody(call, ref, wanted.sha))
  }),
  repositoryRoute('DELETE', '/git/refs/{ref+}', 'contents:write', async (call) => {
    await deleteRef(call.world, call.actor, call.repository, `refs/${textParam(call, 'ref')}`)
    return noContent
  }),
  repositoryRoute('GET', '/branches', 'contents:read', (call) => {
    const branches = [...call.repository.refs].filter(([ref]) => ref.startsWith('refs/heads/'))
    return paged(call, branches, ([ref, target]) => {
      const name = ref.slice('refs/heads/'.length)
      const url = `${repositoryUrl(call.world, call.repository)}/commits/${target}`
      return { name, commit: { sha: target, url }, protected: call.repository.protections.has(name) }
    })
  }),
  repositoryRoute('GET', '/branches/{branch+}', 'contents:read', getBranch),
  repositoryRoute('GET', '/commits', 'contents:read', async (call) => {
    const { query, repository } = call
    const tip = resolveRef(repository.refs, query.get('sha') ?? repository.defaultBranch)
    if (!tip) throw new ApiRefusal(409, 'Git Repository is empty.')
    const commits = await readCommits(call.world.git, repository.path, ['--max-count=1000', tip])
    return paged(call, commits.reverse(), (commit) => commitBody(call.world, repository, commit))
  }),
  repositoryRoute('GET', '/commits/{ref+}', 'contents:read', async (call) => {
    const commit = await knownCommit(call, commitFor(call))
    const parent = commit.parents[0]
    const files = parent ? await diffFiles(call.world.git, call.repository.path, parent, commit.sha) : []
    const count = (key: 'additions' | 'deletions'): number => files.reduce((sum, file) => sum + file[key], 0)
    const stats = { additions: count('additions'), deletions: count('deletions') }
    return ok({
      ...commitBody(call.world, call.repository, commit),
      stats: { ...stats, total: stats.additions + stats.deletions },
      files: files.map((file) => fileBody(call.world, call.repository, commit.sha, file)),
    } satisfies Schemas['commit'])
  }),
  repositoryRoute('GET', '/compare/{basehead+}', 'contents:read', compare),
  repositoryRoute('GET', '/contents', 'contents:read', (call) => getContents(call, '')),
  repositoryRoute('GET', '/contents/{path+}', 'contents:read', (call) =>
    getContents(call, textParam(call, 'path').replace(/\/+$/, '')),
  ),
]

function refBody({ world, repository }: RepositoryCall, ref: string, target: ObjectId): Schemas['git-ref'] {
  const url = repositoryUrl(world, repository)
  return {
    ref,
    node_id: nodeId(`Ref:${ref}`, repository.id),
    url: `${url}/git/${ref}`,
    object: { type: 'commit', sha: target, url: `${url}/git/commits/${target}` },
  }
}

async function knownCommit(call: RepositoryCall, id: ObjectId): Promise<CommitRecord> {
  const commit = await readCommit(call.world.git, call.repository.path, id)
  if (!commit) throw new ApiRefusal(422, `No commit found for SHA: ${id}`)
  return commit
}

async function getBranch(call: RepositoryCall) {
  const { world, repository } = call
  const name = textParam(call, 'branch')
  const tip = repository.refs.get(`refs/heads/${name}`)
  if (!tip) throw new ApiRefusal(404, 'Branch not found')
  const url = `${repositoryUrl(world, repository)}/branches/${name}`
  const protection = repository.protections.get(name)
  return ok({
    name,
    commit: commitBody(world, repository, await knownCommit(call, tip)),
    _links: { self: url, html: `${repositoryHtml(world, repository)}/tree/${name}` },
    protected: protection !== undefined,
    protection:
      protection && !protection.ruleset
        ? { enabled: true, ...protectionBody(world, repository, name, protection) }
        : { enabled: false },
    protection_url: `${url}/protection`,
  } satisfies Schemas['branch-with-protection'])
}

async function compare(call: RepositoryCall) {
  const { world, repository } = call
  const { git } = world
  const [base, head] = textParam(call, 'basehead')
    .split('...')
    .map((name) => resolveRef(repository.refs, name))
  if (!base || !head) throw new ApiRefusal(404, 'Not Found')
  const middle = await mergeBase(git, repository.path, base, head)
  if (!middle) throw new ApiRefusal(404, 'No common ancestor between the two commits')
  const [baseCommit, middleCommit, ahead, behind, files] = await Promise.all([
    knownCommit(call, base),
    knownCommit(call, middle),
    readCommits(git, repository.path, [`${base}..${head}`]),
    readCommits(git, repository.path, [`${head}..${base}`]),
    diffFiles(git, repository.path, base, head),
  ])
  const url = `${repositoryUrl(world, repository)}/compare/${base}...${head}`
  const html = `${repositoryHtml(world, repository)}/compare/${base}...${head}`
  const [forth, back] = [ahead.length > 0, behind.length > 0]
  return ok({
    ...{ url, html_url: html, permalink_url: html, diff_url: `${html}.diff`, patch_url: `${html}.patch` },
    base_commit: commitBody(world, repository, baseCommit),
    merge_base_commit: commitBody(world, repository, middleCommit),
    status: forth && back ? 'diverged' : forth ? 'ahead' : back ? 'behind' : 'identical',
    ahead_by: ahead.length,
    behind_by: behind.length,
    total_commits: ahead.length,
    commits: ahead.map((commit) => commitBody(world, repository, commit)),
    files: files.map((file) => fileBody(world, repository, head, file)),
  } satisfies Schemas['commit-comparison'])
}

async function getContents(call: RepositoryCall, path: string) {
  const { world, repository } = call
  const wanted = call.query.get('ref') ?? repository.defaultBranch
  const commit = resolveRef(repository.refs, wanted)
  if (!commit) throw new ApiRefusal(404, `No commit found for the ref ${wanted}`)
  const folder = await listFolder(world.git, repository.path, commit, path)
  if (!folder) throw new ApiRefusal(404, 'Not Found')
  const describe = (entry: {
    path: string
    sha: string
    type: 'file' | 'dir' | 'symlink' | 'submodule'
    size: number
  }) => {
    const url = `${repositoryUrl(world, repository)}/contents/${encodeURI(entry.path)}?ref=${wanted}`
    const git = `${repositoryUrl(world, repository)}/git/blobs/${entry.sha}`
    const html = `${repositoryHtml(world, repository)}/blob/${wanted}/${encodeURI(entry.path)}`
    return {
      ...{ type: entry.type, size: entry.size, path: entry.path, sha: entry.sha, url },
      name: entry.path.split('/').at(-1) ?? '',
      ...{ git_url: git, html_url: html, download_url: entry.type === 'file' ? html.replace('/blob/', '/raw/') : null },
      _links: { self: url, git, html },
    }
  }
  if (folder.kind === 'folder') return ok(folder.entries.map(describe) satisfies Schemas['content-directory'])
  const content = await readBlob(world.git, repository.path, folder.entry.sha)
  // GitHub breaks the lines of base64 after 60 characters.
  const lines = content.toString('base64').replace(/.{60}/g, '$&\n')
  return ok({ ...describe(folder.entry), content: `${lines}\n`, encoding: 'base64' })
}
