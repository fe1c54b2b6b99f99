/**
 * Tokens for git, each used again until shortly before it ends. A new one does not end the one before it: with one for
 * each command, a busy hour leaves thousands that are all good, and that every text has to be searched for.
 */

/** What a token is for. */
export interface TokenRequest {
  installationId: number
  githubId: number
  need: 'read' | 'write'
}

export interface MintedToken {
  token: string
  /** For how long it may be used again, in ms. */
  reuseMs: number
}

/** An installation token lives an hour (docs.github.com, "Generating an installation access token for a GitHub App"). */
export const reuseForMs = 50 * 60_000

/** One that is not older says what GitHub gives now: after a refusal, another would be refused as well. In ms. */
const newForMs = 5_000

interface KeptToken extends MintedToken {
  since: number
}

export class GitTokens {
  readonly #mint: (wish: TokenRequest) => Promise<MintedToken>
  readonly #now: () => number
  readonly #kept = new Map<string, Promise<KeptToken>>()

  /**
   * @param mint asks GitHub for one.
   * @param now in ms; a clock that nobody sets, since the time of a machine jumps.
   */
  constructor(mint: (wish: TokenRequest) => Promise<MintedToken>, now: () => number = () => performance.now()) {
    this.#mint = mint
    this.#now = now
  }

  /**
   * A token for one repository. Those who ask at the same time share it.
   * @param refused the one that the server has just refused: another is minted, unless this one is a new one itself.
   * @throws as `mint` does; the next call tries again.
   */
  async get(wish: TokenRequest, refused?: string): Promise<string> {
    const key = `${wish.installationId} ${wish.githubId} ${wish.need}`
    for (;;) {
      const known = this.#kept.get(key)
      if (!known) return (await this.#mintFor(key, wish)).token
      const kept = await known
      if (this.#isGood(kept, refused)) return kept.token
      // Another caller may have replaced it meanwhile.
      if (this.#kept.get(key) === known) this.#kept.delete(key)
    }
  }

  #mintFor(key: string, wish: TokenRequest): Promise<KeptToken> {
    const since = this.#now()
    const minting = this.#mint(wish).then((minted) => ({ ...minted, since }))
    this.#kept.set(key, minting)
    minting.catch(() => this.#kept.get(key) === minting && this.#kept.delete(key))
    return minting
  }

  #isGood({ token, reuseMs, since }: KeptToken, refused: string | undefined): boolean {
    const age = this.#now() - since
    return token === refused ? age < newForMs : age < reuseMs
  }
}
