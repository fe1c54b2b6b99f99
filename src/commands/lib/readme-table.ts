/** The command table of the README, generated from the commands so that it cannot be wrong. */

import type { Command } from '../command.ts'
import { commandUsage, isSlash } from '../parse.ts'

/** A markdown table of commands, in the order of their names. A test compares it with the README. */
export function commandTable(commands: Iterable<Command>): string {
  const rows = [...commands]
    .filter(isSlash)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => `| \`${commandUsage(one)}\` | ${one.summary} | ${one.where} | ${one.permission} |`)
  return ['| command | what it does | on | needs |', '|---|---|---|---|', ...rows].join('\n')
}
