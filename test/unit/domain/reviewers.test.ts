/** Who is asked for a review. */

import { expect, test } from 'vitest'
import { reviewersOf } from '../../../src/domain/reviewers.ts'

test('logins, teams by their name alone, and the assignees of the issue', () => {
  expect(reviewersOf(['ann', 'acme/core', 'assignees', 'ann'])).toEqual({
    people: ['ann'],
    teams: ['core'],
    assignees: true,
  })
  expect(reviewersOf([])).toEqual({ people: [], teams: [], assignees: false })
})
