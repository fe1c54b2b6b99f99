/** A process that commits in a worktree as Tutti does, for tests in which its disk fails: `committer.fixture.ts ROOT BASE`. */

import { sha } from '../../src/lib/ids.ts'
import { addTree, author, open, type Place, write } from './git-place.ts'

const [root = '', base = ''] = process.argv.slice(2)
const place: Place = {
  root,
  server: `${root}/server.git`,
  person: `${root}/person`,
  base: sha(base),
  remove: async () => {},
}
try {
  const clone = await open(place)
  const tree = await addTree(clone, place)
  await write(tree.path, 'src/work.txt', 'work\n'.repeat(2_000))
  const result = await clone.commit(tree, { message: 'Work', author })
  process.stdout.write(
    `${JSON.stringify(result.kind === 'committed' ? { committed: result.sha } : { kind: result.kind })}\n`,
  )
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`)
}
// Its git helper is of no more use.
process.exit(0)
