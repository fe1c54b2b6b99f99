/** The secrets that Tutti knows, and removing them from text. */

import { linesWithKnownSecret } from './known-secrets.ts'
import { redactor } from './sanitise.ts'

/** Installation tokens expire after an hour (docs.github.com). They are kept a little longer for late log lines. */
const tokenLifeMs = 70 * 60_000

export class Secrets {
  readonly #fixed: string[]
  readonly #tokens = new Map<string, number>()
  readonly #kept = new Set<string>()

  /** @param fixed secrets that never change: the private key, the webhook secret. */
  constructor(fixed: string[]) {
    this.#fixed = fixed.flatMap((secret) => [secret, ...keyLines(secret)])
  }

  /** Adds secrets that stay: test secrets of repositories. */
  keep(values: Iterable<string>): void {
    for (const value of values) if (!this.#kept.has(value)) this.#kept.add(value)
  }

  /** Adds a new installation token. */
  add(token: string): void {
    const now = performance.now()
    for (const [known, until] of this.#tokens) if (until < now) this.#tokens.delete(known)
    this.#tokens.set(token, now + tokenLifeMs)
  }

  /** Removes all secrets from text, see `redactor`. */
  readonly redact: (text: string) => string = redactor(() => this.#all())

  /** Whether text contains one of Tutti's own secrets in plain text. */
  readonly holds = (text: string): boolean =>
    [...this.#fixed, ...this.#tokens.keys()].some((secret) => text.includes(secret))

  /** The lines of a text, from 1, on which one of the known secrets begins, in any encoding, also in pieces. */
  readonly linesWith = (text: string): number[] => linesWithKnownSecret(text, this.#all())

  #all(): string[] {
    return [...this.#fixed, ...this.#tokens.keys(), ...this.#kept]
  }
}

/** The lines of a PEM key: one line from its middle is as secret as the whole key. */
function keyLines(secret: string): string[] {
  return secret.split('\n').filter((row) => row.length >= 40 && !row.includes('-----'))
}
