/** What pull requests and gates say about pictures. */

import { expect, test } from 'vitest'
import { pictureList, picturesKept } from '../../../src/messages/pictures.ts'

const picture = { name: 'login `|[x](http://evil) page.png', digest: 'ab'.repeat(32) }
const repository = 'acme/app'

test('with a public address a picture is a link to the dashboard, and its name breaks nothing', () => {
  const text = pictureList([picture], { repository, publicUrl: 'https://tutti.example/' })
  expect(text).toContain(
    `[\`login ??[x](http://evil) page.png\`](https://tutti.example/pictures/acme/app/${picture.digest}).`,
  )
})

test('without one it is named, and where it is shown', () => {
  const text = pictureList([picture], { repository, publicUrl: undefined })
  expect(text).not.toContain('https:')
  expect(text).toContain('The dashboard shows them')
  expect(pictureList([], { repository, publicUrl: undefined })).toBe('')
})

test('what was left out is named, a few of many', () => {
  expect(picturesKept(1, ['a.png (x)'])).toBe('1 picture was kept. Left out: a.png (x).')
  expect(picturesKept(0, ['1', '2', '3', '4', '5', '6', '7'])).toBe(
    'No picture was kept. Left out: 1; 2; 3; 4; 5; and 2 more.',
  )
})
