/** Test secrets and variables of repositories, for the programs that runs start. */

import { readSecretFile, type SecretScope } from '../config/secret-file.ts'

/** The variables of a repository for one purpose. The file is read each time: a change needs no restart. */
export type RepositoryVariables = (fullName: string, scope: SecretScope) => Promise<Record<string, string>>

/**
 * @param keep learns every secret of a repository before one is used, so that it is taken out of all texts.
 */
export function openRepositorySecrets(directory: string, keep: (secrets: string[]) => void): RepositoryVariables {
  return async (fullName, scope) => {
    const entries = await readSecretFile(directory, fullName)
    keep(entries.filter((entry) => entry.secret).flatMap(({ value }) => [value, ...linesOf(value)]))
    return Object.fromEntries(
      entries.filter(({ scopes }) => scopes.includes(scope)).map(({ name, value }) => [name, value]),
    )
  }
}

/** Programs print a secret of several lines line by line. */
function linesOf(value: string): string[] {
  return value.includes('\n') ? value.split('\n').filter((row) => row.length >= 16) : []
}
