/** What is said about pictures that gates left. */

import { type PictureName, picturePath } from '../domain/pictures.ts'

/** In the log of the gate. @param leftOut what was not kept, each with the reason. */
export function picturesKept(kept: number, leftOut: readonly string[]): string {
  const first = kept === 0 ? 'No picture was kept.' : `${kept} ${kept === 1 ? 'picture was' : 'pictures were'} kept.`
  const named = leftOut.slice(0, 5).join('; ')
  const more = leftOut.length > 5 ? `; and ${leftOut.length - 5} more` : ''
  return leftOut.length > 0 ? `${first} Left out: ${named}${more}.` : first
}
export const onePictureTooMany = (name: string) => `${name} (one more than is kept of a commit)`
export const pictureTooLarge = (name: string, megabytes: number) => `${name} (larger than ${megabytes} MB)`

/**
 * The pictures of a commit, for a pull request and a check run.
 * @param at the repository, and the address of the dashboard; without an address they are named only.
 * @returns '' where there are none.
 */
export function pictureList(
  pictures: readonly PictureName[],
  at: { repository: string; publicUrl: string | undefined },
): string {
  if (pictures.length === 0) return ''
  const { repository, publicUrl } = at
  const named = pictures.map(({ name, digest }) => {
    const shown = `\`${name.replace(/[`|\n]/g, '?')}\``
    return publicUrl === undefined ? shown : `[${shown}](${new URL(picturePath(repository, digest), publicUrl)})`
  })
  const where =
    publicUrl === undefined
      ? 'The dashboard shows them on the page of the item. They are links here once the operator has set `PUBLIC_URL`.'
      : 'They open in the dashboard, for those who can read this repository.'
  return `Pictures that the gates left: ${named.join(', ')}. ${where}`
}
