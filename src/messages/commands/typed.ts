/** Commands inside sentences, as they are typed in a repository. */

/** A command line with the configured prefix: `/queue` becomes `/tutti queue`. @param prefix '' or a name such as `/tutti`. */
export function withPrefix(line: string, prefix: string): string {
  return prefix === '' ? line : line.replace(/^\//, `${prefix} `)
}

/** A command as code. @param command without its slash, with its arguments. */
export function typed(prefix: string, command: string): string {
  return `\`${withPrefix(`/${command}`, prefix)}\``
}
