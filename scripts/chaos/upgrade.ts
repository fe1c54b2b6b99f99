/**
 * A rolling upgrade with two real versions: the earlier one serves and has begun to work when this one starts on the same
 * database and migrates it. Both serve side by side, the earlier one is asked to end, and is then started once more: it
 * must refuse.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LogLine, Program } from '../../src/playground/demo/program.ts'
import { countFacts } from './facts.ts'
import { checkOutOlder, type OlderVersion } from './older-version.ts'
import { startPeople } from './people.ts'
import type { Random } from './random.ts'
import { type ChaosWorld, openChaosWorld } from './world.ts'

export interface UpgradeCounts {
  /** Merged before this version was there, while both were, and afterwards. */
  before: number
  beside: number
  after: number
  lost: number
  doubled: number
  stuck: number
  /** Processes that are left. */
  left: number
  /** Lines of either log that an operator would have to look at. */
  errors: number
  /** 1: the earlier version says clearly that it cannot use the newer database. */
  refused: number
  seconds: number
}

export interface UpgradeOptions {
  database: string
  /** How many issues. */
  items: number
  /** The earlier version; see `checkOutOlder`. */
  from: string | undefined
  random: Random
  say: (text: string) => void
}

/** The longest time for one part, in ms. */
const patienceMs = 600_000
const here = fileURLToPath(new URL('../..', import.meta.url))

/** Carries it out, and counts what came of it. @throws when a version does not start, or a part hangs. */
export async function upgrade(options: UpgradeOptions): Promise<{ counts: UpgradeCounts; details: string[] }> {
  const place = await mkdtemp(join(tmpdir(), 'tutti-upgrade-'))
  const older = await checkOutOlder(join(place, 'older'), options.from)
  options.say(`from ${older.commit} "${older.subject}" (${older.migration})`)
  const world = await openChaosWorld({ database: options.database })
  const programs: Program[] = []
  try {
    return await play(world, older, programs, options)
  } finally {
    for (const { process } of programs) process.kill('SIGKILL')
    await world.close()
    await older.remove()
    await rm(place, { recursive: true, force: true })
  }
}

async function play(
  world: ChaosWorld,
  older: OlderVersion,
  programs: Program[],
  { items, random, say }: UpgradeOptions,
): Promise<{ counts: UpgradeCounts; details: string[] }> {
  const start = performance.now()
  const details: string[] = []
  const started = async (root: string, name: string) => {
    const note = (line: LogLine) => line.level >= 50 && details.push(`${name}: ${JSON.stringify(line)}`)
    const program = await world.startBeside({ root, name, onLine: note })
    programs.push(program)
    return program
  }
  const mergedReach = (count: number) =>
    world.github.until(() => countFacts(world).merged >= count, `${count} issues to be merged`, patienceMs)

  const old = await started(older.directory, 'older')
  world.github.setWebhookUrl(`${old.url}/api/github/webhooks`)
  const people = startPeople(world, { random, items })
  await mergedReach(Math.ceil(items / 6))
  const young = await started(here, 'newer')
  const before = countFacts(world).merged
  say(`${before} merged; both versions serve`)

  // As behind a balancer: now the one, now the other.
  let turn = 0
  const turns = setInterval(() => {
    world.github.setWebhookUrl(`${[old, young][turn++ % 2]?.url}/api/github/webhooks`)
  }, 300)
  await mergedReach(Math.ceil(items / 2)).finally(() => clearInterval(turns))
  world.github.setWebhookUrl(`${young.url}/api/github/webhooks`)
  await old.stop()
  const both = countFacts(world).merged
  say(`${both} merged; the earlier version has ended with code ${old.process.exitCode}`)
  if (old.process.exitCode !== 0) details.push(`the earlier version ended with code ${old.process.exitCode}`)

  const rested = () => countFacts(world).resting === items
  await world.github
    .until(rested, 'every issue to come to rest', patienceMs)
    .catch((error) => details.push(String(error)))
  const refusal = await world.startBeside({ root: older.directory, name: 'older-again' }).then(
    (program) => {
      programs.push(program)
      return 'it serves'
    },
    (error: Error) => error.message,
  )
  say(`the earlier version, started again: ${refusal.split('\n').at(-1)}`)
  await people.end()
  await young.stop()
  const errors = details.length
  const { merged, lost, doubled, stuck, details: facts } = countFacts(world)
  const left = await world.leftovers()
  for (const issue of world.issues) if (issue.state === 'open') say(issue.comments.at(-1)?.body ?? 'nothing was said')
  const counts = {
    ...{ before, beside: both - before, after: merged - both, lost, doubled, stuck, left: left.length, errors },
    refused: refusal.includes('the database was upgraded by a newer Tutti') ? 1 : 0,
    seconds: Math.round((performance.now() - start) / 1_000),
  }
  return { counts, details: [...details, ...facts, ...left] }
}
