/** The queues with their handlers, and the effects. */

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { effectPriorities } from '../../src/domain/effects.ts'
import { jobs } from '../../src/jobs.ts'
import { code, table } from './table.ts'

/** Every queue: its handler file, what its jobs carry, how they are taken, and by which role. */
export function queueTable(): string {
  const files = handlerFiles()
  const rows = Object.values(jobs).map((job) => {
    const { properties = {} } = z.toJSONSchema(job.payload)
    const carries = Object.keys(properties).map((name) => code(name))
    const taken = job.single ? 'waiting jobs are one' : `${job.batch} at a time`
    const by = job.needsCheckout ? 'runner' : 'web'
    return [code(job.queue), code(files.get(job.queue)), carries.join(', ') || '–', taken, by]
  })
  return table(['queue', 'handler', 'carries', 'taken', 'by'], rows)
}

/** `src/jobs.ts` imports each handler from its file and lists it under its queue. */
function handlerFiles(): Map<string, string> {
  const text = readFileSync('src/jobs.ts', 'utf8')
  const imports = new Map(
    [...text.matchAll(/^import \{ (\w+) \} from '\.\/(.+)'$/gm)].map(([, name = '', path = '']) => [name, path]),
  )
  const listed = text.matchAll(/^ {2}'?([a-z-]+)'?: (\w+),$/gm)
  return new Map([...listed].map(([, queue = '', name = '']) => [queue, `src/${imports.get(name) ?? '?'}`]))
}

/** Every kind of write to GitHub, most urgent first. */
export function effectTable(): string {
  const kinds = Object.entries(effectPriorities).toSorted(([, a], [, b]) => a - b)
  return table(
    ['effect', 'priority'],
    kinds.map(([kind, priority]) => [code(kind), String(priority)]),
  )
}
