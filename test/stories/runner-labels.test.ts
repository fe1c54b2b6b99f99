/** A runner that has a GPU takes the issue that asks for one, and nothing else. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess, type TuttiProcess } from '../support/processes.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

function start(world: World, name: string, ...args: string[]): Promise<TuttiProcess> {
  return startProcess(world, { DATA_DIR: join(world.directory, name) }, ['--only', ...args])
}

const attempts = (runner: TuttiProcess) =>
  runner.lines.flatMap(({ msg }) => /^#(\d+): .* begins attempt/.exec(msg)?.[1] ?? []).map(Number)

// Embedded PGlite serves one process.
test.skipIf(!process.env.TEST_DATABASE_URL)(
  'an issue waits for the runner that it asks for and says so; the others go on',
  async () => {
    const world = await openWorld({
      start: false,
      settings: plainSettings.replace("run: '! grep -rqs BROKEN src'", "run: 'cat src/*.txt'"),
    })
    await start(world, 'web', 'web')
    const plain = await start(world, 'plain', 'runner')
    const special = await world.issue('Train it', 'write src/model.txt: trained')
    await world.maintainer.addLabels(world.repository, special.number, ['runner:gpu'])
    await world.maintainer.addLabels(world.repository, special.number, ['tutti'])
    await world.untilStatus(special, 'asks for a runner with `gpu`, and none that is up has that')
    const other = await world.queued('Say hello', 'write src/hello.txt: hello')
    await untilMerged(world, other)

    const gpu = await start(world, 'gpu', 'runner', '--labels', 'gpu,linux')
    await untilMerged(world, special)
    await plain.stop()
    const later = await world.queued('Say bye', 'write src/bye.txt: bye')
    await world.untilStatus(later, 'every runner that is up is kept for issues that do')
    expect([attempts(plain), attempts(gpu)]).toEqual([[other.number], [special.number]])
    for (const issue of [special, other]) expectMergedOnce(world, issue)
  },
  300_000,
)
