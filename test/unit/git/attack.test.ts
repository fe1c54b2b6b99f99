import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { type BranchName, type TreePath, validPath } from '../../../src/git/names.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import type { Sha } from '../../../src/lib/ids.ts'
import { setTrap, type Trap } from '../../support/evil.ts'
import { addTree, author, eachWithClone, git, main, type Place, personPushes, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
let trap: Trap
eachWithClone(async (made) => {
  ;({ place, clone } = made)
  trap = await setTrap(join(place.root, 'trap'))
})
afterEach(() => vi.unstubAllEnvs())

/** Everything that Tutti does with a repository, once. */
async function doEverything(tree: ReadyWorktree): Promise<void> {
  await write(tree.path, 'work.txt', 'work\n')
  await write(tree.path, 'README.md', 'one\ntwo\nthree\nfour\n')
  const done = await clone.commit(tree, { message: 'Work', author })
  if (done.kind !== 'committed') throw new Error(JSON.stringify(done))
  const base = await personPushes(place, 'main', 'other.txt', 'other\n')
  await clone.fetch()
  await clone.fetch([main])
  expect(await clone.remoteHead(main, { fresh: true })).toBe(base)
  await clone.changes(place.base, done.sha)
  expect((await clone.diff(place.base, done.sha, 100_000)).text).toContain('+four')
  await clone.log({ base: place.base, head: done.sha }, 5)
  await clone.readFile(done.sha, validPath('README.md'))
  await clone.listFiles(done.sha)
  expect(await clone.forecast(done.sha, base)).toMatchObject({ clean: true })
  const merged = await clone.updateFromBase({ branch: tree.branch, base, author })
  if (merged.kind !== 'merged') throw new Error(JSON.stringify(merged))
  expect(await clone.push(tree.branch, merged.sha, { expected: null })).toEqual({ kind: 'pushed' })
  await clone.addWorktree({ path: tree.path, branch: tree.branch, base })
  await addTree(clone, place, 'second')
  await write(tree.path, 'left.txt', 'left\n')
  expect(await clone.removeWorktree(tree)).toHaveProperty('rescued')
  expect(await clone.deleteRemoteBranch(tree.branch, merged.sha)).toBe('deleted')
}

describe('configuration that an agent wrote is not obeyed', () => {
  it('the trap works: git run as a person would run it starts these programs', async () => {
    const tree = await addTree(clone, place)
    await rm(join(tree.path, '.git'))
    await git(tree.path, 'init', '-q')
    await appendFile(join(tree.path, '.git/config'), trap.config)
    await write(tree.path, '.gitattributes', trap.attributes)
    await git(tree.path, 'add', '-A').catch(() => {})
    await git(tree.path, 'status').catch(() => {})
    await git(tree.path, 'fetch').catch(() => {})
    const sprung = await trap.sprung()
    expect(sprung).toEqual(expect.arrayContaining(['ext', 'filter.trap.process', 'include']))
  })

  const places: [string, (tree: ReadyWorktree) => Promise<void>][] = [
    [
      'in a .git folder that replaced the .git file',
      async (tree) => {
        await rm(join(tree.path, '.git'))
        await git(tree.path, 'init', '-q')
        await appendFile(join(tree.path, '.git/config'), trap.config)
        await cp(trap.hooks, join(tree.path, '.git/hooks'), { recursive: true })
      },
    ],
    [
      'in a repository that the .git file points to',
      async (tree) => {
        const evil = await evilRepository('evil')
        await writeFile(join(tree.path, '.git'), `gitdir: ${evil}/.git\n`)
      },
    ],
    [
      'in a repository that commondir points to',
      async (tree) => {
        const evil = await evilRepository('evil')
        await writeFile(join(tree.gitDir, 'commondir'), `${evil}/.git\n`)
      },
    ],
    [
      'in config.worktree',
      async (tree) => {
        await writeFile(join(tree.gitDir, 'config.worktree'), trap.config)
        await writeFile(join(tree.gitDir, 'config'), trap.config)
        await writeFile(join(clone.gitDir, 'config.worktree'), trap.config)
        await appendFile(join(clone.gitDir, 'config'), '[extensions]\n\tworktreeConfig = true\n')
      },
    ],
    [
      'in the bare clone itself',
      async () => {
        await appendFile(join(clone.gitDir, 'config'), trap.config)
        await cp(trap.hooks, join(clone.gitDir, 'hooks'), { recursive: true })
        await mkdir(join(clone.gitDir, 'info'), { recursive: true })
        await writeFile(join(clone.gitDir, 'info/attributes'), trap.attributes)
      },
    ],
    [
      'in the home folder and the environment',
      async () => {
        const home = join(place.root, 'home')
        await write(home, '.gitconfig', trap.config)
        await write(home, '.config/git/config', trap.config)
        await write(home, '.config/git/attributes', trap.attributes)
        const values = {
          HOME: home,
          XDG_CONFIG_HOME: join(home, '.config'),
          GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
          GIT_CONFIG_SYSTEM: join(home, '.gitconfig'),
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'core.fsmonitor',
          GIT_CONFIG_VALUE_0: join(place.root, 'trap/core.fsmonitor'),
          GIT_EXTERNAL_DIFF: join(place.root, 'trap/diff.external'),
          GIT_SSH_COMMAND: join(place.root, 'trap/core.sshCommand'),
          GIT_EXEC_PATH: trap.hooks,
          GIT_DIR: join(place.root, 'nowhere'),
          GIT_INDEX_FILE: join(place.root, 'nowhere'),
          GIT_TEMPLATE_DIR: join(place.root, 'trap'),
        }
        for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value)
      },
    ],
  ]

  async function evilRepository(name: string): Promise<string> {
    const folder = join(place.root, name)
    await mkdir(folder)
    await git(folder, 'init', '-q', '-b', 'main')
    await git(folder, 'commit', '-q', '--allow-empty', '-m', 'Evil')
    await appendFile(join(folder, '.git/config'), trap.config)
    await cp(trap.hooks, join(folder, '.git/hooks'), { recursive: true })
    return folder
  }

  it.each(places)('%s, by any of our commands', async (_where, lay) => {
    const tree = await addTree(clone, place)
    await lay(tree)
    await write(tree.path, '.gitattributes', trap.attributes)
    await doEverything(tree)
    expect(await trap.sprung()).toEqual([])
  })

  it('in a submodule of the base branch', async () => {
    await git(place.person, 'update-index', '--add', '--cacheinfo', `160000,${place.base},lib`)
    await git(place.person, 'commit', '-q', '-m', 'Submodule')
    await git(place.person, 'push', '-q', 'origin', 'main')
    await clone.fetch()
    const base = await clone.remoteHead(main)
    const tree = await addTree(clone, place, 'api', base)
    const evil = await evilRepository('evil')
    await cp(join(evil, '.git'), join(tree.path, 'lib/.git'), { recursive: true })
    await write(tree.path, 'lib/file.txt', 'x\n')
    await write(tree.path, 'work.txt', 'x\n')
    const result = await clone.commit(tree, { message: 'Work', author })
    expect(result).toMatchObject({ kind: 'refused', violations: [{ path: 'lib', kind: 'submodule' }] })
    await clone.removeWorktree(tree)
    expect(await trap.sprung()).toEqual([])
  })
})

describe('a tree that is a trap is refused', () => {
  it('a repository inside the tree, which the agent can mend', async () => {
    const tree = await addTree(clone, place)
    await git(tree.path, 'init', '-q', 'nested')
    await appendFile(join(tree.path, 'nested/.git/config'), trap.config)
    await write(tree.path, 'nested/file.txt', 'x\n')
    const refused = await clone.commit(tree, { message: 'Work', author })
    expect(refused).toMatchObject({ kind: 'refused', violations: [{ path: 'nested/', kind: 'repository' }] })
    expect(await clone.resolve(tree.branch)).toBe(place.base)
    await rm(join(tree.path, 'nested/.git'), { recursive: true })
    const done = await clone.commit(tree, { message: 'Work', author })
    expect(done).toMatchObject({ kind: 'committed', changes: [{ path: 'nested/file.txt' }] })
    expect(await trap.sprung()).toEqual([])
  })

  it.each([
    ['a link to a file outside', 'symlink', (path: string) => symlink('/etc/passwd', join(path, 'x'))],
    ['a link into .git', 'symlink', (path: string) => symlink('.git/config', join(path, 'x'))],
    ['a name like .git', 'git-name', (path: string) => write(path, '.GIT/config', 'x')],
    ['an NTFS name of .git', 'git-name', (path: string) => write(path, 'git~1/config', 'x')],
    ['an HFS+ name of .git', 'git-name', (path: string) => write(path, '.g\u200cit/config', 'x')],
    ['a line end in a name', 'path', (path: string) => write(path, 'a\nb', 'x')],
    ['a twin of a file, but for its case', 'path', (path: string) => write(path, 'readme.MD', 'x')],
    ['a file in the place of a folder, but for its case', 'path', (path: string) => write(path, 'SRC', 'x')],
    ['a name that Windows takes for a device', 'path', (path: string) => write(path, 'docs/Aux.txt', 'x')],
    [
      'a name that is too long',
      'path',
      (path: string) => write(path, `${'d'.repeat(200)}/`.repeat(5) + 'e'.repeat(60), 'x'),
    ],
    ['a .gitmodules file', 'submodule', (path: string) => write(path, '.gitmodules', '[submodule "x"]\n')],
    [
      'a .gitattributes that is a link',
      'symlink',
      (path: string) => symlink('README.md', join(path, '.gitattributes')),
    ],
    ['a file that is too big', 'size', (path: string) => write(path, 'big', 'x'.repeat(2000))],
  ])('%s', async (_name, kind, lay) => {
    const tree = await addTree(clone, place)
    await lay(tree.path)
    const result = await clone.commit(tree, { message: 'Work', author, policy: { maxFileBytes: 1000 } })
    expect(result).toMatchObject({ kind: 'refused', violations: [{ kind }] })
    expect(await clone.resolve(tree.branch)).toBe(place.base)
  })

  it('too many files are refused before they are read', async () => {
    const tree = await addTree(clone, place)
    for (let index = 0; index < 12; index++) await write(tree.path, `many/${index}`, 'x')
    const result = await clone.commit(tree, { message: 'Work', author, policy: { maxFiles: 10 } })
    expect(result).toMatchObject({ kind: 'refused', violations: [{ kind: 'count' }] })
  })

  it('a pipe or a link to a folder outside does not hold up or leak anything', async () => {
    const tree = await addTree(clone, place)
    await mkdir(join(place.root, 'secret'))
    await write(place.root, 'secret/app.js', 'canary\n')
    await rm(join(tree.path, 'src'), { recursive: true })
    await symlink(join(place.root, 'secret'), join(tree.path, 'src'))
    const fifo = spawn('sh', ['-c', 'exec "$0" "$1"', 'mkfifo', join(tree.path, 'pipe')])
    await once(fifo, 'exit')
    const result = await clone.commit(tree, { message: 'Work', author })
    expect(result).toMatchObject({ kind: 'refused', violations: [{ path: 'src', kind: 'symlink' }] })
    expect(await objectsWith('canary')).toEqual([])
  })
})

describe('names that were never checked', () => {
  it.each(['--upload-pack=touch x', '-x', 'a..b', 'a\nb', 'ext::sh -c id', 'a@{1}', 'a:b'])(
    '%j reaches no git',
    async (text) => {
      // As a caller in plain JavaScript, or through a looser interface, would.
      const name = text as BranchName
      const id = text as Sha
      const path = join(place.root, 'worktrees', 'api')
      const calls = [
        () => clone.fetch([name]),
        () => clone.remoteHead(name),
        () => clone.remoteHead(name, { fresh: true }),
        () => clone.resolve(text),
        () => clone.addWorktree({ path, branch: name, base: place.base }),
        () => clone.addWorktree({ path, branch: main, base: id }),
        () => clone.readFile(id, validPath('a')),
        () => clone.listFiles(id),
        () => clone.changes(place.base, id),
        () => clone.diff(id, place.base, 10),
        () => clone.log({ head: id }, 1),
        () => clone.mergeBase(id, place.base),
        () => clone.forecast(id, place.base),
        () => clone.push(name, place.base, { expected: null }),
        () => clone.push(main, id, { expected: null }),
        () => clone.push(main, place.base, { expected: id }),
        () => clone.deleteRemoteBranch(name, place.base),
        () => clone.updateFromBase({ branch: name, base: place.base, author }),
        () => clone.removeWorktree({ path, branch: name }),
        () => clone.importFrom(place.root, name),
      ]
      for (const call of calls)
        await expect(call(), String(call)).rejects.toThrow(/cannot be used|not a full commit id/)
      await expect(clone.readFile(place.base, '../x' as TreePath)).rejects.toThrow('cannot be used')
    },
  )
})

describe('files swapped for links while they are read', () => {
  it('never lead out of the tree', async () => {
    const tree = await addTree(clone, place)
    await write(place.root, 'secret/file.txt', 'canary-of-the-host\n')
    await mkdir(join(tree.path, 'd'))
    // Swaps a file and a folder for links to the secret and back, as fast as it can, until it is stopped.
    const script = `
      const fs = require('node:fs'); const [tree, secret] = process.argv.slice(2); process.chdir(tree)
      const quiet = (f) => { try { f() } catch {} }
      fs.mkdirSync('d2', { recursive: true }); let n = 0
      console.log('running')
      const end = Date.now() + 20000
      while (Date.now() < end && fs.existsSync('.git')) {
        n++
        quiet(() => { fs.writeFileSync('new', 'plain ' + n); fs.renameSync('new', 'f') })
        quiet(() => { fs.writeFileSync('d/file.txt', 'inside ' + n) })
        quiet(() => { fs.symlinkSync(secret + '/file.txt', 'new'); fs.renameSync('new', 'f') })
        quiet(() => { fs.renameSync('d', 'd2/x'); fs.symlinkSync(secret, 'd') })
        quiet(() => { fs.unlinkSync('d'); fs.renameSync('d2/x', 'd') })
      }`
    await writeFile(join(place.root, 'swap.cjs'), script)
    const child = spawn(process.execPath, [join(place.root, 'swap.cjs'), tree.path, join(place.root, 'secret')])
    // It may end by itself before it is killed.
    const exited = once(child, 'exit')
    child.stderr.on('data', (text) => process.stderr.write(text))
    await once(child.stdout, 'data')
    const seen: string[] = []
    for (let round = 0; round < 20; round++) {
      const result = await clone.commit(tree, { message: 'Race', author })
      if (result.kind === 'refused') seen.push(...result.violations.map((violation) => violation.path))
    }
    child.kill('SIGKILL')
    await exited
    // The swaps were met, and refused.
    expect(seen.length).toBeGreaterThan(0)
    expect(await objectsWith('canary-of-the-host')).toEqual([])
  })
})

/** Ids of all blobs in the bare clone that contain the text. */
async function objectsWith(text: string): Promise<string[]> {
  const list = await git(clone.gitDir, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)')
  const blobs = list.split('\n').filter((line) => line.endsWith(' blob'))
  const found: string[] = []
  for (const line of blobs) {
    const id = line.split(' ')[0] ?? ''
    if ((await git(clone.gitDir, 'cat-file', 'blob', id)).includes(text)) found.push(id)
  }
  return found
}
