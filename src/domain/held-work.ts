/** What may become of the work of an item that is held. Pure. */

/**
 * Whether a commit that gates have refused may leave this machine, so that a person can take it over. What only failed to
 * pass the repository's own commands may; what was refused for what it contains may not.
 * @param results what the gates said about the commit.
 * @param commands the gates that run commands of the repository; every other one judges contents.
 */
export function mayLeave(
  results: readonly { gate: string; verdict: 'pass' | 'fail' | 'needs-approval' | 'skip' }[],
  commands: ReadonlySet<string>,
): boolean {
  if (!results.some(({ verdict }) => verdict === 'fail')) return false
  return results.every(({ gate, verdict }) => commands.has(gate) || verdict === 'pass' || verdict === 'skip')
}
