/**
 * `npm run chaos -- --seed S --items N --for 10m [--json]`: a whole world is driven while its processes are killed, its
 * database connections are cut, and deliveries and answers are lost, doubled and reordered. At the end the facts are
 * counted at GitHub: one pull request, one status comment and one merge for each issue, and nothing left behind.
 * The last line of `--json` is `{"kills","lost","doubled","stuck","seconds"}` and what else was counted.
 */

import { parseArgs } from 'node:util'
import { countFacts } from './chaos/facts.ts'
import { startFaults } from './chaos/faults.ts'
import { startPeople } from './chaos/people.ts'
import { createRandom } from './chaos/random.ts'
import { openChaosWorld } from './chaos/world.ts'

const usage = 'usage: npm run chaos -- [--seed S] [--items N] [--for 10m] [--database URL] [--json]'

/** `90`, `90s`, `10m` or `2h`, in milliseconds. */
function duration(text: string): number {
  const found = /^(\d+)(s|m|h)?$/.exec(text)
  if (!found) throw new Error(`--for takes a time like 90s, 10m or 2h, not ${JSON.stringify(text)}\n${usage}`)
  const unit = found[2] === 'h' ? 3_600_000 : found[2] === 'm' ? 60_000 : 1_000
  return Number(found[1]) * unit
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      items: { type: 'string', default: '50' },
      for: { type: 'string', default: '10m' },
      database: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [seed, items] = [Number(values.seed), Number(values.items)]
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number\n${usage}`)
  if (!Number.isSafeInteger(items) || items < 1) throw new Error(`--items takes a whole number from 1\n${usage}`)
  return { seed, items, forMs: duration(values.for), database: values.database, json: values.json }
}

/** Faults go on until everything is merged or the time is half over; then it must come to rest in what is left. */
async function main(): Promise<void> {
  const { seed, items, forMs, database, json } = readArguments()
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  say(`seed ${seed}, ${items} issues, at most ${Math.round(forMs / 60_000)} minutes`)
  const random = createRandom(seed)
  const world = await openChaosWorld({ items, database })
  const start = performance.now()
  const faults = startFaults(world, random)
  const people = startPeople(world, random)
  const progress = setInterval(() => {
    const { merged } = countFacts(world)
    say(`${Math.round((performance.now() - start) / 1_000)} s: ${merged} merged, ${faults.counts.kills} kills`)
  }, 10_000)
  try {
    const rested = () => countFacts(world).resting === items
    await faults.until(() => rested() || performance.now() - start > forMs / 2)
    await faults.end()
    const quietFrom = performance.now()
    await world.github.until(rested, 'every issue to come to rest', forMs / 2).catch(() => {})
    const quietAfter = Math.round((performance.now() - quietFrom) / 1_000)
    await people.end()
    await world.stop()
    const { lost, doubled, stuck, details } = countFacts(world)
    for (const detail of [...details, ...(await world.leftovers())]) say(detail)
    const seconds = Math.round((performance.now() - start) / 1_000)
    const left = (await world.leftovers()).length
    const result = {
      ...faults.counts,
      lost,
      doubled,
      stuck,
      left,
      seconds,
      quietAfter,
      askedAgain: people.askedAgain(),
      seed,
      items,
    }
    process.stdout.write(
      json
        ? `${JSON.stringify(result)}\n`
        : `${Object.entries(result)
            .map(([key, value]) => `${key} ${value}`)
            .join(', ')}\n`,
    )
    if (lost + doubled + stuck + left > 0) {
      process.exitCode = 1
      process.stderr.write(`the log of Tutti is kept in ${await world.keepLog(seed)}\n`)
    }
  } finally {
    clearInterval(progress)
    await world.close()
  }
}

await main()
