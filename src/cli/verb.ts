/**
 * What a verb of the command line is. Its file imports little: what takes long to load is imported inside `run`, since
 * `tutti serve` is started often and `tutti --help` should answer at once.
 */

import type { Command, OptionValues } from '@commander-js/extra-typings'
import type { ServerOptions } from './lib/access.ts'

/** What was typed after the verb, checked. */
export interface VerbCall<Args extends unknown[], Options extends OptionValues> {
  args: Args
  options: Options
  /** Print one JSON document to stdout, and nothing else. Only where the verb declares `json`. */
  json: boolean
  /** Which Tutti is asked. Only where the verb declares `server`. */
  server: ServerOptions
  /** Everything after the verb, as it was typed. */
  raw: readonly string[]
}

/** How a verb is written. */
interface VerbDefinition<Args extends unknown[], Options extends OptionValues> {
  /** Adds its arguments and options; the frame adds the summary, `--help`, and `--json` where `json` is set. */
  declare(command: Command): Command<Args, Options>
  /** It has data to print: `--json` is an option. */
  json?: boolean
  /** It asks a running Tutti: `--url`, `--token` and `--repository` are options. */
  server?: boolean
  /** It reads everything after its name by itself, from `raw`. */
  passThrough?: boolean
  /** Shown below the options in `tutti <verb> --help`: examples, what the exit code means. */
  more?: string
  /** @returns the exit code. @throws {OperatorError} when the operator must act. */
  run(call: VerbCall<Args, Options>): Promise<number>
}

/** A verb as the frame runs it. */
export interface Verb {
  json: boolean
  server: boolean
  passThrough: boolean
  more: string
  declare(command: Command): void
  /** @param command after parsing. @throws {OperatorError} when the operator must act. */
  run(command: Command<unknown[], OptionValues>, raw: readonly string[]): Promise<number>
}

/** Declares a verb. Arguments and options in `run` have the types that `declare` gives them. */
export function defineVerb<Args extends unknown[], Options extends OptionValues>(
  definition: VerbDefinition<Args, Options>,
): Verb {
  return {
    json: definition.json ?? false,
    server: definition.server ?? false,
    passThrough: definition.passThrough ?? false,
    more: definition.more ?? '',
    declare: (command) => void definition.declare(command),
    run: (command, raw) => {
      const parsed = command as unknown as Command<Args, Options>
      const options = parsed.opts() as Options
      const { url, token, repository }: ServerOptions = options
      const server = { url, token, repository }
      return definition.run({ args: parsed.processedArgs, options, json: options.json === true, server, raw })
    },
  }
}
