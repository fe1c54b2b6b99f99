/** What must be closed at the end, in the reverse of the order in which it was opened. */
export class Closers {
  readonly #closers: (() => unknown)[] = []

  /** Adds what was opened just now, or what closes it. */
  push(...closers: ((() => unknown) | { close(): unknown })[]): void {
    this.#closers.push(...closers.map((one) => (typeof one === 'function' ? one : () => one.close())))
  }

  /** Closes everything, the newest first. One that fails does not keep the others open. A second call does nothing. */
  async close(onError: (error: unknown) => void): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        onError(error)
      }
    }
  }
}
