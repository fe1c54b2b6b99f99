/** A branch is called gone only after the clone has fetched; a default branch with another name is followed. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { getRepository } from '../../../src/db/repositories.ts'
import { type BaseBranchReader, refreshSettings } from '../../../src/db/repository-settings.ts'
import { itemOfIssue } from '../../../src/db/work-items.ts'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

/** A clone that knows branches only once it has fetched. */
function clone(
  branches: Record<string, string>,
  facts: { default?: string; settings?: string; files?: Record<string, string> } = {},
) {
  const seen = { fetches: 0, asked: 0 }
  const reader: BaseBranchReader = {
    fetch: async () => void seen.fetches++,
    remoteHead: async (branch) => (seen.fetches > 0 ? branches[branch] : undefined),
    readFile: async (_, path) => (path === '.github/tutti.yml' ? facts.settings : facts.files?.[path]),
    listFolder: async (_, folder) => Object.keys(facts.files ?? {}).filter((path) => path.startsWith(`${folder}/`)),
    defaultBranch: async () => {
      seen.asked++
      return facts.default
    },
  }
  return { seen, reader }
}

async function place() {
  const here = await places.place()
  await here.say('/queue')
  const repo = async () => {
    const row = await getRepository(places.store.db, here.repo.id)
    if (!row) throw new Error('no repository')
    return { ...row, fetchedRevision: row.remoteRevision }
  }
  return { here, repo, item: () => itemOfIssue(places.store.db, here.repo.id, here.issue.number) }
}

test('a branch that the clone has not heard of is fetched, once, and nothing else is asked', async () => {
  const { repo } = await place()
  const { seen, reader } = clone({ main: 'a' })
  expect(await refreshSettings(places.store, await repo(), reader)).toMatchObject({ baseBranch: 'main', base: 'a' })
  expect(seen).toEqual({ fetches: 1, asked: 0 })
})

test('a default branch that was renamed without an event is followed, with its items', async () => {
  const { repo, item } = await place()
  const { seen, reader } = clone({ trunk: 'a' }, { default: 'trunk' })
  expect(await refreshSettings(places.store, await repo(), reader)).toMatchObject({ baseBranch: 'trunk', base: 'a' })
  expect(seen).toEqual({ fetches: 1, asked: 1 })
  expect(await repo()).toMatchObject({ defaultBranch: 'trunk' })
  expect(await item()).toMatchObject({ baseBranch: 'trunk' })
})

test.each([
  ['a named base', clone({ main: 'a' }, { settings: 'branches:\n  base: develop\n' }), 'the base branch develop of'],
  ['a default branch without another name', clone({}, { default: 'main' }), 'the branch main of'],
])('%s that is really gone is named', async (_, { seen, reader }, message) => {
  const { repo } = await place()
  await expect(refreshSettings(places.store, await repo(), reader)).rejects.toThrow(message)
  expect(seen.fetches).toBe(1)
})

test('settings in `.github/tutti.yaml` are read', async () => {
  const { repo } = await place()
  const { reader } = clone({ main: 'a' }, { files: { '.github/tutti.yaml': 'limits: { retries: 1 }\n' } })
  const { settings } = await refreshSettings(places.store, await repo(), reader)
  expect(settings.limits.retries).toBe(1)
  expect(await repo()).toMatchObject({ settingsError: null })
})

test('loops have files of their own; one that cannot be used is named, and takes nothing with it', async () => {
  const files = {
    '.github/tutti/loops/careful.md': '---\nagent: codex\nsteps: [Read, Write]\n---\n\nBe careful.\n',
    '.github/tutti/loops/plain.md': 'Just do it.\n',
    '.github/tutti/loops/broken.md': '---\nstep: [Read]\n---\n',
    '.github/tutti/loops/Notes.txt': 'x',
  }
  const { repo } = await place()
  const { reader } = clone({ main: 'a' }, { files, settings: 'loops: { plain: { prompt: From the settings. } }\n' })
  const { settings } = await refreshSettings(places.store, await repo(), reader)
  expect(settings.loops).toEqual({
    careful: { agent: 'codex', prompt: 'Be careful.', steps: ['Read', 'Write'], gates: [] },
    plain: { prompt: 'From the settings.', steps: [], gates: [] },
  })
  const { settingsError } = await repo()
  expect(settingsError).toContain(
    '`.github/tutti/loops/broken.md` cannot be used:\n- unknown key `step`; did you mean `steps`?',
  )
  expect(settingsError).toContain('`.github/tutti/loops/Notes.txt` is not read')
})
