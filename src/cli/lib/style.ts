/** Colour for terminals: none where stdout is a file or a pipe, or where `NO_COLOR` is set. */

import { styleText } from 'node:util'

/** The text in a style, where stdout shows styles. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Whether stdout shows styles. */
export function showsColor(): boolean {
  return styled('bold', 'x') !== 'x'
}
