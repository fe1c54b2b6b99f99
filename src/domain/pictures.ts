/** Pictures that programs of the repository leave for people, such as screenshots of a test. */

export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp'

/** What a picture is called, and the SHA-256 of its content as hexadecimal digits. */
export interface PictureName {
  name: string
  digest: string
}

/**
 * What a file is by its first bytes, whatever its name. SVG is none of them: it can hold scripts.
 * Signatures: PNG (RFC 2083, 3.1), JPEG (ITU T.81, B.1.1.3: SOI and the next marker), WebP (RFC 9649, 2.4).
 * @returns undefined for anything else.
 */
export function pictureTypeOf(bytes: Uint8Array): PictureType | undefined {
  const starts = (text: string, at = 0) => Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text
  if (starts('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (starts('\xff\xd8\xff')) return 'image/jpeg'
  return starts('RIFF') && starts('WEBP', 8) ? 'image/webp' : undefined
}

/** The path under which the dashboard shows a picture of a repository. */
export function picturePath(repository: string, digest: string): string {
  return `/pictures/${repository}/${digest}`
}
