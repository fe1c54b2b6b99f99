/** The webhooks against GitHub's published examples: what every example has, ours has too, of the same kind. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { inbox, installationClient, playground, type Received } from '../../support/playground.ts'

interface Published {
  name: string
  examples: Record<string, unknown>[]
}

/** Things of GitHub.com that a playground has none of. */
const LEFT_OUT = [
  // Set for organisations, or for installations asked for by someone else.
  /^(organization|enterprise|requester)(\.|$)/,
  // Every app has other permissions.
  /\.permissions\.\w+$/,
  // Counted in lines of the diff; GitHub is closing it down, `line` says the same.
  /^comment\.(original_)?position$/,
  // Unix seconds in old examples, a text in newer ones: both are published.
  /^installation\.(created|updated)_at$/,
  // A link to GitHub's GraphQL number, beside the id.
  /^installation\.node_id$/,
]

/** `a.b` → kind of JSON value, for every value but those inside lists. */
function kinds(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (path !== '') found.set(path, value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return found
  for (const [key, inner] of Object.entries(value)) kinds(inner, path === '' ? key : `${path}.${key}`, found)
  return found
}

/** Paths that all examples have, and the kinds seen there. */
function common(examples: Record<string, unknown>[]): Map<string, Set<string>> {
  const all = examples.map((example) => kinds(example))
  const paths = [...(all[0]?.keys() ?? [])].filter((path) => all.every((one) => one.has(path)))
  return new Map(paths.map((path) => [path, new Set(all.map((one) => one.get(path) ?? ''))]))
}

/** What is missing in ours or of another kind. Below a null in ours there is nothing to compare. */
function differences({ payload }: Received, expected: Map<string, Set<string>>): string[] {
  const ours = kinds(payload)
  const isBelowNull = (path: string): boolean =>
    path.split('.').some((_, at, parts) => ours.get(parts.slice(0, at).join('.')) === 'null')
  const found: string[] = []
  for (const [path, wanted] of expected) {
    if (LEFT_OUT.some((pattern) => pattern.test(path)) || isBelowNull(path)) continue
    const kind = ours.get(path)
    if (kind === undefined) found.push(`${path} is missing`)
    else if (kind !== 'null' && !wanted.has(kind) && !wanted.has('null'))
      found.push(`${path} is ${kind}, not ${[...wanted]}`)
  }
  return found
}

test("every webhook has what all of GitHub's examples of it have", async () => {
  const github = await playground()
  const hooks = await inbox(github)
  const repository = await github.createRepository({ owner: 'acme', name: 'demo', files: { 'a.txt': 'a\n' } })
  await github.createRepository({ owner: 'acme', name: 'second' })
  const octokit = await installationClient(github)
  const at = { owner: 'acme', repo: 'demo' }
  const keeper = github.as('keeper')
  await keeper.createIssue(repository, { title: 'One', body: 'text', labels: ['bug'], assignees: ['keeper'] })
  await keeper.editIssue(repository, 1, { title: 'First', assignees: [] })
  await keeper.removeLabel(repository, 1, 'bug')
  await keeper.closeIssue(repository, 1)
  await keeper.reopenIssue(repository, 1)
  const comment = await keeper.comment(repository, 1, 'hello')
  await keeper.editComment(repository, comment.id, 'hello!')
  await keeper.deleteComment(repository, comment.id)
  await keeper.push(repository, 'topic', { 'b.txt': 'b\n' }, 'Add b')
  await octokit.rest.pulls.create({ ...at, head: 'topic', base: 'main', title: 'Topic', body: 'text' })
  await keeper.addLabels(repository, 2, ['bug'])
  await keeper.removeLabel(repository, 2, 'bug')
  await keeper.requestReviewers(repository, 2, ['judge'])
  const head = await keeper.push(repository, 'topic', { 'c.txt': 'c\n' }, 'Add c')
  const review = await keeper.review(repository, 2, {
    state: 'APPROVED',
    comments: [{ path: 'b.txt', line: 1, body: 'hm' }],
  })
  await keeper.dismissReview(repository, 2, review.id)
  await octokit.rest.checks.create({ ...at, name: 'tutti', head_sha: head, conclusion: 'success' })
  await keeper.createStatus(repository, { sha: head, state: 'success' })
  await keeper.closePullRequest(repository, 2)
  await octokit.rest.pulls.update({ ...at, pull_number: 2, state: 'open' })
  await octokit.rest.pulls.merge({ ...at, pull_number: 2 })
  await keeper.deleteBranch(repository, 'topic')
  github.ping()
  const owner = github.as('acme')
  await owner.renameDefaultBranch(repository, 'trunk')
  await owner.renameRepository(repository, 'renamed')
  await owner.suspend(repository)
  await owner.unsuspend(repository)
  await owner.removeFromInstallation(repository)
  await owner.install(repository)
  await owner.uninstall(repository)
  await github.until(() => hooks.names().includes('installation.deleted'), 'the last webhook')

  const address = new URL('../../../node_modules/@octokit/webhooks-examples/api.github.com/index.json', import.meta.url)
  const published: Published[] = JSON.parse(await readFile(address, 'utf8'))
  const compared = new Set<string>()
  const wrong: string[] = []
  for (const one of hooks.received) {
    const examples = published
      .find(({ name }) => name === one.event)
      ?.examples.filter(({ action }) => action === one.action)
    if (!examples?.length) continue
    const name = one.action ? `${one.event}.${one.action}` : one.event
    compared.add(name)
    wrong.push(...differences(one, common(examples)).map((difference) => `${name}: ${difference}`))
  }
  expect([...new Set(wrong)]).toEqual([])
  expect(compared.size).toBe(38)
})
