/** Replies of `/hold`. */

export const nothingToHold = 'There is no open pull request to hold here.'
export const isHeld = (pull: number) =>
  `#${pull} is not merged until someone says \`/hold cancel\`. What was approved and asked for stays.`
export const released = (pull: number) => `#${pull} may be merged again; a merge that was asked for is considered now.`
export const notHeld = (pull: number) => `#${pull} is not held.`
