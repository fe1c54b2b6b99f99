/** What is sent to people outside GitHub, and how sending can end. */

/** A notice, the same for every way. */
export interface Notice {
  /** One line. */
  subject: string
  /** Plain text; untrusted words in it are shown as they are. */
  text: string
  /** Where a person acts. */
  url: string
  /** The same for the same notice sent again. */
  id: string
}

/** One way to reach people. */
export interface NoticeSender {
  /**
   * Sends a notice.
   * @throws {NotSent} when it certainly did not arrive. Any other error: it may have.
   */
  send(notice: Notice, to: readonly string[]): Promise<void>
}

/** The notice did not arrive. @param final sending it again would end the same way. */
export class NotSent extends Error {
  override name = 'NotSent'
  readonly final: boolean

  constructor(message: string, { final }: { final: boolean }) {
    super(message)
    this.final = final
  }
}
