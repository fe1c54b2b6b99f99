/** Bodies for commits, files of a diff, and pushes. */
import type { CommitRecord, Signature } from '../commits.ts'
import type { DiffFile } from '../diffs.ts'
import type { Account, RepositoryRecord, Schemas } from '../model.ts'
import { findAccount, type World } from '../world.ts'
import { nodeId, userBody } from './accounts.ts'
import { repositoryHtml, repositoryUrl } from './repositories.ts'

/** The account whose no-reply address a commit carries. */
function accountFor(world: World, { email }: Signature): Account | undefined {
  const match = /^(\d+)\+[^@]+@users\.noreply\.github\.com$/.exec(email)
  return match ? world.accounts.get(Number(match[1])) : undefined
}

/** One commit as `GET /repos/{owner}/{repo}/commits/{ref}` lists it, without files. */
export function commitBody(world: World, repository: RepositoryRecord, commit: CommitRecord): Schemas['commit'] {
  const url = repositoryUrl(world, repository)
  const html = repositoryHtml(world, repository)
  const author = accountFor(world, commit.author)
  const committer = accountFor(world, commit.committer)
  return {
    sha: commit.sha,
    node_id: nodeId(`Commit:${commit.sha}`, repository.id),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: gitUser(commit.author),
      committer: gitUser(commit.committer),
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      verification: verificationOf(repository, commit.sha),
    },
    author: author ? userBody(world, author) : null,
    committer: committer ? userBody(world, committer) : null,
    parents: commit.parents.map((parent) => ({
      sha: parent,
      url: `${url}/commits/${parent}`,
      html_url: `${html}/commit/${parent}`,
    })),
  }
}

/** GitHub's word on a signature; those it made itself are valid. */
export function verificationOf(repository: RepositoryRecord, id: CommitRecord['sha']) {
  return repository.signed.has(id)
    ? { verified: true, reason: 'valid', signature: signature, payload: '', verified_at: null }
    : { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null }
}

/** As in the commit objects that the playground signs; it is no signature of any key. */
export const signature = '-----BEGIN PGP SIGNATURE-----\n\nplayground\n-----END PGP SIGNATURE-----'

function gitUser({ name, email, date }: Signature) {
  return { name, email, date: date.toISOString() }
}

export function fileBody(
  world: World,
  repository: RepositoryRecord,
  head: string,
  file: DiffFile,
): Schemas['diff-entry'] {
  const html = repositoryHtml(world, repository)
  const path = encodeURI(file.path)
  return {
    sha: file.blob,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${head}/${path}`,
    raw_url: `${html}/raw/${head}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${head}`,
    ...(file.patch === undefined ? {} : { patch: file.patch }),
    ...(file.previousPath === undefined ? {} : { previous_filename: file.previousPath }),
  }
}

/** A commit in a `push` event. */
export function pushCommitBody(world: World, repository: RepositoryRecord, commit: CommitRecord) {
  const person = (signature: Signature) => {
    const account = accountFor(world, signature) ?? findAccount(world, signature.name)
    return { name: signature.name, email: signature.email, ...(account ? { username: account.login } : {}) }
  }
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date.toISOString(),
    url: `${repositoryHtml(world, repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: commit.added,
    removed: commit.removed,
    modified: commit.modified,
  }
}
