/** Days of budgets are UTC days of 24 hours, wherever the machine is and whatever its clock is set to do there. */

import { afterEach, expect, test } from 'vitest'
import { dayOf, nextDay } from '../../../src/db/usage.ts'

const zone = process.env.TZ
afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

/** The days on which clocks change: one has 23 hours there, the other 25. */
const changes: [string, string, string][] = [
  ['Europe/Berlin', '2026-03-29', '2026-03-30'],
  ['Europe/Berlin', '2026-10-25', '2026-10-26'],
  ['America/New_York', '2026-03-08', '2026-03-09'],
  ['America/New_York', '2026-11-01', '2026-11-02'],
  ['Pacific/Kiritimati', '2026-12-31', '2027-01-01'],
]

test.each(changes)('%s, %s', (name, day, next) => {
  process.env.TZ = name
  // The zone is in force.
  expect(new Date(`${day}T12:00:00Z`).getTimezoneOffset()).not.toBe(0)
  const hours = Array.from({ length: 24 }, (_, hour) => new Date(Date.parse(`${day}T00:00:00Z`) + hour * 3_600_000))
  expect(new Set(hours.map(dayOf))).toEqual(new Set([day]))
  for (const hour of hours) expect(nextDay(hour).toISOString()).toBe(`${next}T00:00:00.000Z`)
})
