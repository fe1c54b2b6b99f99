/** What a runner has that others do not, such as `gpu`, and what an item asks for. */

/** The names that `--labels`, the settings and the labels of issues take. */
export const runnerLabel = /^[a-z0-9][a-z0-9._-]{0,39}$/

/** What an item asks of its runner: what its repository asks for, and its own labels `runner:<name>`. */
export function wantsOf(asked: readonly string[], labels: readonly string[]): string[] {
  const own = labels.map((label) => /^runner:(.+)$/i.exec(label)?.[1]?.trim().toLowerCase() ?? '')
  return [...new Set([...asked, ...own.filter((name) => runnerLabel.test(name))])].sort()
}

/** Whether a runner with these labels takes an item that wants these. One with labels is kept for those who ask. */
export function canTake(has: readonly string[], wants: readonly string[]): boolean {
  return wants.every((one) => has.includes(one)) && (has.length === 0 || wants.length > 0)
}
