/** Something that whoever starts the playground must mend. `message` is one plain line; `hint` says what to do next. */
export class PlaygroundError extends Error {
  override name = 'PlaygroundError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}
