/** The secrets that Tutti knows, and taking them out of text. */

import { redactor } from './sanitise.ts'

/** Installation tokens live an hour (docs.github.com); a little longer here, for late log lines. */
const tokenLifeMs = 70 * 60_000

export class Secrets {
  readonly #fixed: string[]
  readonly #tokens = new Map<string, number>()

  /** @param fixed secrets that never change: the private key, the webhook secret. */
  constructor(fixed: string[]) {
    this.#fixed = fixed.flatMap((secret) => [secret, ...keyLines(secret)])
  }

  /** Notes a minted token. */
  add(token: string): void {
    const now = Date.now()
    for (const [known, until] of this.#tokens) if (until < now) this.#tokens.delete(known)
    this.#tokens.set(token, now + tokenLifeMs)
  }

  /** Text without any secret, in any encoding that can be recognised. */
  readonly redact: (text: string) => string = redactor(() => [...this.#fixed, ...this.#tokens.keys()])

  /** Whether text holds one of the known secrets in the clear. */
  readonly holds = (text: string): boolean =>
    [...this.#fixed, ...this.#tokens.keys()].some((secret) => text.includes(secret))
}

/** One line out of the middle of a PEM key gives it away as well as the whole. */
function keyLines(secret: string): string[] {
  return secret.split('\n').filter((row) => row.length >= 40 && !row.includes('-----'))
}
