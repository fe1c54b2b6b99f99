/** Goals of `/build` and `/orchestrate build`: what is wanted already is offered before an issue is made. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPlaces } from '../../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

test('a goal that is wanted already: a recommendation, numbered choices, and no issue', async () => {
  const here = await places.place()
  const labels = ['tutti', 'effort:M']
  await here.say('/queue', { issue: { ...here.issue, labels, title: 'Let people export their notes as PDF' } })
  for (const line of ['/build Export all notes as a PDF', '/orchestrate build Export all notes as a PDF']) {
    const { text } = await here.say(line)
    expect(text).toContain('- #12 Let people export their notes as PDF (queued)')
    expect(text).toContain('1. Just #12, about 2 agent hours: `/spawn #12`')
    expect(text).toContain('2. Show all that can start: `/next 30`')
    expect(text).toContain('3. Something else is meant: `/build --new "Export all notes as a PDF"`')
    expect(text).toContain('Recommended: 1')
  }
  expect((await here.say('/build let people export their notes as pdf')).text).toBe(
    'That goal is #12 already, which is queued.',
  )
  expect((await here.say('/build --new Export all notes as a PDF')).text).toContain('An issue is being made of it')
  expect((await here.say('/build Add a clock to the page')).text).toContain('An issue is being made of it')
})
