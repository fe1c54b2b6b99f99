/**
 * A process that commits in a worktree as Tutti does, for tests in which its disk fails: `committer.fixture.ts ROOT BASE [TRACE
 * CALLS WHEN]`. With the last three, from the commit on these calls of it and of its git end with EIO; see strace(1), `inject`.
 */

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { sha } from '../../src/lib/ids.ts'
import { addTree, author, open, type Place, write } from './git-place.ts'

const [root = '', base = '', trace, calls = '', when = ''] = process.argv.slice(2)
const place: Place = {
  ...{ root, server: `${root}/server.git`, person: `${root}/person`, base: sha(base) },
  remove: async () => {},
}

/** Has strace follow this process, its git helper, and what they start. */
async function failFromNowOn(file: string): Promise<void> {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  const pids = [process.pid, ...children].flatMap((pid) => ['-p', String(pid)])
  const rules = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO:when=${when}`]
  const strace = spawn('strace', ['-f', '-o', file, ...rules, ...pids], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve) => {
    strace.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.split('attached').length > pids.length / 2) resolve()
    })
  })
}

try {
  const clone = await open(place)
  const tree = await addTree(clone, place)
  await write(tree.path, 'src/work.txt', 'work\n'.repeat(2_000))
  if (trace) await failFromNowOn(trace)
  const result = await clone.commit(tree, { message: 'Work', author })
  const said = result.kind === 'committed' ? { committed: result.sha } : { kind: result.kind }
  process.stdout.write(`${JSON.stringify(said)}\n`)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`)
}
// Its git helper is of no more use.
process.exit(0)
