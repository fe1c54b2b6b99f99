/** Whether deliveries are signed with the secret that we know, for the operator: GitHub shows a refusal to no one else. */

import type { Logger } from 'pino'

/** What the last deliveries say about WEBHOOK_SECRET. */
export interface SecretReport {
  /** `unproven` until the first signed delivery. */
  secret: 'unproven' | 'fits' | 'does not fit'
  /** How many deliveries were refused since the last one that fitted. */
  refused: number
}

/** Anybody can send a wrong signature: no more than this often does one make a line in the log. */
const sayAgainMs = 10 * 60_000

/** Counts signatures, and says when it changes whether they fit. Of a refused delivery nothing else is read. */
export class SecretCheck {
  readonly #log: Logger
  readonly #onReport: (report: SecretReport) => void
  readonly #now: () => number
  #report: SecretReport = { secret: 'unproven', refused: 0 }
  #saidAt = Number.NEGATIVE_INFINITY

  /**
   * @param onReport gets what is known after each delivery.
   * @param now in ms; a clock that nobody sets.
   */
  constructor(
    log: Logger,
    onReport: (report: SecretReport) => void = () => {},
    now: () => number = () => performance.now(),
  ) {
    this.#log = log
    this.#onReport = onReport
    this.#now = now
  }

  /** A well-formed delivery came. @param fits whether its signature does; when not, a stranger may have sent it. */
  signed(fits: boolean): void {
    const before = this.#report
    this.#report = fits ? { secret: 'fits', refused: 0 } : { secret: 'does not fit', refused: before.refused + 1 }
    this.#onReport(this.#report)
    const hasChanged = (before.secret === 'does not fit') === fits
    if (hasChanged && fits) this.#log.info('a delivery fits WEBHOOK_SECRET again')
    if (!hasChanged || fits || this.#now() - this.#saidAt < sayAgainMs) return
    this.#saidAt = this.#now()
    this.#log.warn(
      "a delivery was refused, since its signature does not fit WEBHOOK_SECRET: if it is GitHub's, put the same secret into the settings of the app on GitHub and into WEBHOOK_SECRET",
    )
  }
}
