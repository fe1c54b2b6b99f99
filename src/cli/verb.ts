/** What a verb of the command line is. */

export interface Verb {
  /** One line, for `tutti help`. */
  summary: string
  /** @returns the exit code. @throws {OperatorError} when the operator must act. */
  run(args: string[]): Promise<number>
}
