/** A log of any size in little memory. */

import { expect, test } from 'vitest'
import { readEnds } from '../../../src/github/read/job-log.ts'

test('of a long log the beginning and the end are kept', async () => {
  async function* stream() {
    for (let n = 0; n < 1_000; n++) yield Buffer.from(`line ${String(n).padStart(4, '0')}\n`)
  }
  expect(await readEnds(stream(), 40)).toBe('line 0000\nline 0001\n\n… 9960 bytes left out …\nline 0998\nline 0999\n')
})
