import { pino } from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { SecretCheck, type SecretReport } from '../../../src/webhooks/secret-check.ts'

let lines: { level: number; msg: string }[]
let now: number
let check: SecretCheck
let report: SecretReport | undefined
beforeEach(() => {
  lines = []
  now = 0
  report = undefined
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  check = new SecretCheck(
    log,
    (said) => {
      report = said
    },
    () => now,
  )
})

test('a wrong secret is said once, with what to do, and once more when it is right again', () => {
  for (let time = 0; time < 100; time++) check.signed(false)
  expect(report).toEqual({ secret: 'does not fit', refused: 100 })
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('into WEBHOOK_SECRET')])
  for (let time = 0; time < 2; time++) check.signed(true)
  expect(report).toEqual({ secret: 'fits', refused: 0 })
  expect(lines.map(({ msg }) => msg).slice(1)).toEqual(['a delivery fits WEBHOOK_SECRET again'])
})

test('a stranger who sends wrong signatures between the right ones does not fill the log', () => {
  for (let minute = 0; minute < 60; minute++) {
    now = minute * 60_000
    check.signed(false)
    check.signed(true)
  }
  expect(lines.filter(({ level }) => level === 40)).toHaveLength(6)
})
