/** Reads the pictures that programs of the repository left in a folder. What they left is not to be trusted. */

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, opendir, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Picture } from '../../db/pictures.ts'
import { type PictureType, pictureTypeOf } from '../../domain/pictures.ts'
import * as messages from '../../messages/pictures.ts'

/** Pictures of one gate on one commit. Every one of them is seen by a person, and stored until the item is forgotten. */
export const mostPictures = 20
export const mostPictureBytes = 2 * 2 ** 20
const mostBytesTogether = 16 * 2 ** 20
/** Files that are looked at. */
const mostFiles = 2_000
const longestName = 120

/** What was found. */
export interface LeftPictures {
  pictures: Picture[]
  /** What was left out, each with the reason; empty when nothing was. */
  leftOut: string[]
}

/**
 * Reads them in the order of their names: regular files that begin as a PNG, JPEG or WebP does, so many and so large at
 * most. Nothing is read through a link. Other files are passed over without a word: test runners leave traces and videos too.
 * @param folder no program writes there any more.
 * @throws what the file system throws.
 */
export async function readPictures(folder: string): Promise<LeftPictures> {
  const root = await realpath(folder)
  const found: LeftPictures = { pictures: [], leftOut: [] }
  let bytes = 0
  for (const path of await filesIn(root)) {
    const name = nameOf(relative(root, path))
    const file = await readFile(root, path)
    if (!file) continue
    if (found.pictures.length === mostPictures || bytes + file.bytes > mostBytesTogether)
      found.leftOut.push(messages.onePictureTooMany(name))
    else if (!file.content) found.leftOut.push(messages.pictureTooLarge(name, mostPictureBytes / 2 ** 20))
    else {
      const { type, content } = file
      const digest = createHash('sha256').update(content).digest('hex')
      // Two names can be the same once they are made fit to be shown.
      const taken = found.pictures.some((one) => one.name === name)
      found.pictures.push({ name: taken ? `${name} (${found.pictures.length + 1})` : name, digest, type, content })
      bytes += content.length
    }
  }
  return found
}

async function filesIn(root: string): Promise<string[]> {
  const paths: string[] = []
  let seen = 0
  // Links are entries of their own here, and not followed.
  for await (const entry of await opendir(root, { recursive: true })) {
    if (++seen > mostFiles) break
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name))
  }
  return paths.toSorted()
}

interface PictureFile {
  type: PictureType
  bytes: number
  /** Undefined where it is too large. */
  content: Buffer | undefined
}

/** @returns undefined for what is no picture. */
async function readFile(root: string, path: string): Promise<PictureFile | undefined> {
  const folder = await realpath(dirname(path))
  if (folder !== root && !folder.startsWith(root + sep)) return undefined
  // A link is refused, and a pipe is not waited for.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return undefined
    const length = Math.min(stat.size, mostPictureBytes)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
    const content = buffer.subarray(0, bytesRead)
    const type = pictureTypeOf(content)
    if (!type) return undefined
    return stat.size > length ? { type, bytes: 0, content: undefined } : { type, bytes: bytesRead, content }
  } finally {
    await file.close()
  }
}

function nameOf(path: string): string {
  const name = path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
  return name.length <= longestName ? name : `…${name.slice(-longestName)}`
}
