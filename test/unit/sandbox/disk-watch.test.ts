/** A run that writes more than its share is noticed, whatever else happens on the disk. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchDisk } from '../../../src/sandbox/disk-watch.ts'
import { scratch, until } from '../../support/agent-bench.ts'

const megabyte = 2 ** 20
const share = 2 * megabyte
/** Longer than a test, in ms. */
const never = 3_600_000

/** A watch over a folder with a file of some megabytes in it, on a disk of which `left` says how much is free. */
async function watched(written: number, left: () => number, measuredEveryMs: number) {
  const folder = join(await scratch(), 'tree')
  mkdirSync(join(folder, 'deep'), { recursive: true })
  let asked = 0
  const free = async () => {
    asked++
    return left()
  }
  const watch = watchDisk([folder], share, { free, everyMs: 5, measuredEveryMs })
  onTestFinished(() => watch.stop())
  writeFileSync(join(folder, 'deep/file'), Buffer.alloc(written * megabyte, 1))
  /** Until the disk was looked at so many times more. */
  const looks = (count: number) => {
    const enough = asked + count
    return until(() => asked >= enough, 'the disk is looked at')
  }
  return { noticed: () => until(() => watch.signal.aborted, 'it is noticed'), looks, watch }
}

test('it is noticed at the next look when that much of the disk has gone', async () => {
  let left = 100 * megabyte
  const { noticed, looks } = await watched(3, () => left, never)
  await looks(1)
  left -= 3 * megabyte
  await noticed()
})

test('it is noticed a little later when others free as much meanwhile', async () => {
  const { noticed } = await watched(3, () => 100 * megabyte, 50)
  await noticed()
})

test('it is noticed at the next look when others had freed much before', async () => {
  let left = 100 * megabyte
  const { noticed, looks } = await watched(3, () => left, never)
  left += 50 * megabyte
  await looks(2)
  left -= 3 * megabyte
  await noticed()
})

test('who writes little is left alone while others fill the disk', async () => {
  let left = 100 * megabyte
  const { looks, watch } = await watched(1, () => left, 20)
  for (let look = 0; look < 20; look++) {
    left -= 4 * megabyte
    await looks(1)
  }
  expect(watch.signal.aborted).toBe(false)
})
