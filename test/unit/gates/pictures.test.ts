/** Reading what programs of the repository left as pictures: they may have left anything. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pictureTypeOf } from '../../../src/domain/pictures.ts'
import { mostPictureBytes, mostPictures, readPictures } from '../../../src/gates/lib/pictures.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
let place: string
let folder: string

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'tutti-pictures-'))
  folder = join(place, 'artifacts')
  await mkdir(folder)
})
afterEach(() => rm(place, { recursive: true, force: true }))

const leave = (name: string, content: Buffer | string) => writeFile(join(folder, name), content)

test('pictures are known by their first bytes, not by their names', async () => {
  await mkdir(join(folder, 'login'))
  await leave('login/page.dat', png)
  await leave('a.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]))
  await leave('b.webp', Buffer.from('RIFF\0\0\0\0WEBPVP8 '))
  await leave('evil.png', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  await leave('page.html', '<script>')
  await leave('sound.webp', 'RIFF\0\0\0\0WAVE')
  await leave('empty.png', '')
  const { pictures, leftOut } = await readPictures(folder)
  expect(pictures.map(({ name, type }) => [name, type])).toEqual([
    ['a.jpg', 'image/jpeg'],
    ['b.webp', 'image/webp'],
    ['login/page.dat', 'image/png'],
  ])
  expect(pictures[2]).toMatchObject({ content: png, digest: createHash('sha256').update(png).digest('hex') })
  expect(leftOut).toEqual([])
})

test('nothing is read through a link, from a pipe or from outside', async () => {
  await writeFile(join(place, 'secret.png'), png)
  await mkdir(join(place, 'outside'))
  await writeFile(join(place, 'outside', 'other.png'), png)
  await symlink(join(place, 'secret.png'), join(folder, 'link.png'))
  await symlink(join(place, 'outside'), join(folder, 'folder'))
  execFileSync('/usr/bin/mkfifo', [join(folder, 'pipe.png')])
  expect(await readPictures(folder)).toEqual({ pictures: [], leftOut: [] })
})

test('so many, so large; what is left out is named', async () => {
  await leave('0-large.png', Buffer.concat([png, Buffer.alloc(mostPictureBytes)]))
  for (let number = 10; number < 12 + mostPictures; number++) await leave(`${number}.png`, png)
  const { pictures, leftOut } = await readPictures(folder)
  expect(pictures).toHaveLength(mostPictures)
  expect(leftOut).toEqual([
    '0-large.png (larger than 2 MB)',
    '30.png (one more than is kept of a commit)',
    '31.png (one more than is kept of a commit)',
  ])
})

test('a name with control characters is shown without them, and a second one like it gets another name', async () => {
  await leave('a\u001b[31m.png', png)
  await leave('a\u202e[31m.png', png)
  const { pictures } = await readPictures(folder)
  expect(pictures.map(({ name }) => name)).toEqual(['a?[31m.png', 'a?[31m.png (2)'])
})

test('a beginning is not enough', () => {
  for (const text of ['', '\x89PN', 'RIFF', '<svg', 'GIF89a'])
    expect(pictureTypeOf(Buffer.from(text, 'latin1'))).toBeUndefined()
})
