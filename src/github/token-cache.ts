/** Where Octokit keeps the tokens of installations between two calls. */

/** GitHub's tokens live an hour; in ms. The clock is one that nobody sets, since the time of a machine jumps. */
const keptForMs = 59 * 60_000

/**
 * In the form that `@octokit/auth-app` asks for as its `cache`, and with a way to forget a token that GitHub has refused. To ask
 * `octokit.auth` for a new one instead goes past the code that makes up for a wrong clock.
 */
export class TokenCache {
  readonly #now: () => number
  readonly #kept = new Map<string, { value: string; since: number }>()

  /** @param now in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get(key: string): string | undefined {
    const kept = this.#kept.get(key)
    if (kept && this.#now() - kept.since < keptForMs) return kept.value
    this.#kept.delete(key)
    return undefined
  }

  set(key: string, value: string): void {
    this.#kept.set(key, { value, since: this.#now() })
  }

  /** Of one installation: its keys are the id, alone or followed by what a token was narrowed to. */
  forget(installationId: number): void {
    for (const key of this.#kept.keys()) if (key.split('|')[0] === String(installationId)) this.#kept.delete(key)
  }
}
