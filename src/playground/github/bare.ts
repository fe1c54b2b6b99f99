/** Bare repositories on disk: made, imported, and read. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'
import { preReceive } from './push-rules.ts'
import { type ObjectId, objectId } from './sha.ts'

/** `allowAnySHA1InWant`: GitHub serves any commit by its id. `hideRefs`: GitHub alone writes `refs/pull/`. */
const CONFIG = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
	logAllRefUpdates = false
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
[receive]
	hideRefs = refs/pull
	fsckObjects = true
`

/** Makes an empty bare repository at `path` whose HEAD is `branch`. Written by hand: no process is started for it. */
export async function makeBare(path: string, branch: string): Promise<void> {
  await Promise.all(
    ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks'].map((name) =>
      mkdir(join(path, name), { recursive: true }),
    ),
  )
  await Promise.all([writeFile(join(path, 'HEAD'), `ref: refs/heads/${branch}\n`), adopt(path)])
}

/** Makes a bare copy at `path` of the git repository at `source`, and returns its default branch (that of its HEAD). */
export async function importBare(git: Git, source: string, path: string): Promise<string> {
  await git.run(path, ['clone', '--quiet', '--bare', '--no-hardlinks', '--template=', '--', source, path])
  const head = await git.run(path, ['symbolic-ref', '--short', 'HEAD'])
  await mkdir(join(path, 'hooks'), { recursive: true })
  await adopt(path)
  return head.stdout.trim()
}

async function adopt(path: string): Promise<void> {
  const hook = join(path, 'hooks/pre-receive')
  await Promise.all([writeFile(join(path, 'config'), CONFIG), writeFile(hook, preReceive)])
  await chmod(hook, 0o755)
}

/** Every branch and tag of the repository: full name → commit. An annotated tag gives the commit it names. */
export async function readRefs(git: Git, path: string): Promise<Map<string, ObjectId>> {
  const format = '%(objectname) %(*objectname) %(refname)'
  const { stdout } = await git.run(path, ['for-each-ref', `--format=${format}`, 'refs/heads', 'refs/tags'])
  const refs = new Map<string, ObjectId>()
  for (const line of stdout.split('\n')) {
    const [object = '', peeled, name = ''] = line.split(' ')
    if (name) refs.set(name, objectId(peeled || object))
  }
  return refs
}

/** A change of one ref. `from` undefined: it must not exist yet. `to` undefined: delete it. */
export interface RefChange {
  ref: string
  from?: ObjectId
  to?: ObjectId
}

/** Applies all changes or none. Rejects when a ref is not at `from`. */
export async function updateRefs(git: Git, path: string, changes: RefChange[]): Promise<void> {
  const lines = changes.map(({ ref, from, to }) => {
    if (!to) return `delete ${ref}${from ? ` ${from}` : ''}\n`
    return from ? `update ${ref} ${to} ${from}\n` : `create ${ref} ${to}\n`
  })
  await git.run(path, ['update-ref', '--stdin'], { input: lines.join('') })
}

/** Points `ref` at `to`, whatever it was. For refs that only the playground writes. */
export async function pointRef(git: Git, path: string, ref: string, to: ObjectId): Promise<void> {
  await git.run(path, ['update-ref', ref, to])
}

/** Makes a branch the one that a clone checks out. */
export async function pointHead(git: Git, path: string, branch: string): Promise<void> {
  await git.run(path, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`])
}
