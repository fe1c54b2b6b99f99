/**
 * A process to be killed: it opens a store, stores deliveries one after another, and prints the id of each once it is
 * accepted. `store-main.ts DIRECTORY [--database URL] [--deliveries N] [--kill-at-write N] [--fail-write CODE:N[+]]`.
 *
 * With `--kill-at-write` it kills itself at its N-th write to a file, of which the first page of 4 KB may have arrived:
 * a kernel stops there too. With `--fail-write ENOSPC:200+` its 200th write fails so, and with the plus every later one. The
 * embedded database writes through this one function, so every moment can be chosen.
 */

import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { processDeliveryJob } from '../../src/webhooks/process-delivery.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    database: { type: 'string' },
    deliveries: { type: 'string', default: '0' },
    'kill-at-write': { type: 'string', default: '0' },
    'fail-write': { type: 'string', default: '' },
  },
})
const [directory = ''] = positionals
const killAt = Number(values['kill-at-write'])
const pageBytes = 4_096
const [code = '', failAt = ''] = values['fail-write'].split(':')

if (killAt > 0 || code) {
  type Written = [file: number, bytes: Uint8Array, offset: number, length: number, at?: number]
  const write = fs.writeSync as (...args: Written) => number
  let writes = 0
  const counting = (...args: Written) => {
    writes++
    const fails = failAt.endsWith('+') ? writes >= Number.parseInt(failAt, 10) : writes === Number(failAt)
    if (code && fails) throw Object.assign(new Error(`${code}: a write failed on purpose`), { code })
    if (writes !== killAt) return write(...args)
    const [file, bytes, offset, length, at] = args
    if (length > pageBytes) write(file, bytes, offset, pageBytes, at)
    process.kill(process.pid, 'SIGKILL')
    // The signal comes at the next return to this process.
    for (;;);
  }
  fs.writeSync = counting as typeof fs.writeSync
}

// Only now: what they import takes the function above.
const [{ openStore }, { storeDeliveries }] = await Promise.all([
  import('../../src/db/connect.ts'),
  import('../../src/db/deliveries.ts'),
])
const log = pino({ level: 'silent' })
try {
  const store = await openStore({ directory, databaseUrl: values.database, queues: [processDeliveryJob], log })
  const run = `${process.pid}-${Date.now()}`
  for (let at = 1; at <= Number(values.deliveries); at++) {
    const deliveryId = `${run}-${at}`
    await storeDeliveries(store, [{ deliveryId, event: 'ping', payload: JSON.stringify({ zen: 'x'.repeat(2_000) }) }])
    // A pipe is written at once: what is read there was accepted.
    process.stdout.write(`${deliveryId}\n`)
  }
  await store.close()
} catch (error) {
  const { message, hint = '' } = error as { message: string; hint?: string }
  process.stderr.write(`${message}\n${hint}\n`)
  process.exit(1)
}
