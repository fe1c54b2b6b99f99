/** Markdown tables. */

/** A table with these column heads. A `|` in a cell is escaped, a line end becomes a blank. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** As code, or a dash where there is nothing. */
export function code(text: string | undefined): string {
  return text === undefined || text === '' ? '–' : `\`${text}\``
}
