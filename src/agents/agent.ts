/**
 * What a kind of agent is. One file in this folder describes one kind and is mostly data: its program, the environment
 * variables that it may see, how it logs in. The file's name is the agent's id.
 */

import { z } from 'zod'
import type { OperatorAgent } from '../config/agent-settings.ts'

const homeFile = z.string().regex(/^(?!.*\.\.)[^/\0][^\0]*$/, 'must be a path inside a home, without ".."')
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')

/** What the start command may depend on. */
export interface StartOptions {
  /** The program and its arguments from the settings, when given: it replaces the built-in one. */
  command?: readonly string[]
  /** The model named in the settings, in the agent's own spelling. */
  model?: string
  /** The provider, by the program's own name; from the operator, as all below. */
  provider?: string
  /** Where the provider is reached. */
  baseUrl?: string
  /** The variable with the key for it. */
  keyVariable?: string
  /** How often the program asks its provider again. */
  retries?: number
  /** The variables that the kind may see. Configuration in them is merged, and wins. */
  env?: Readonly<Record<string, string>>
}

/** A program, its arguments, and the variables that this start needs besides the fixed ones. Never a shell string. */
export interface StartCommand {
  file: string
  args: string[]
  env?: Record<string, string>
  /** The model that is used, where the operator has fixed it or its spelling needs a provider; else that of the options. */
  model?: string
}

const start = z.custom<(options: StartOptions) => StartCommand | undefined>(
  (value) => typeof value === 'function',
  'must be a function from options to { file, args }',
)

export const agentKindSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case words joined by dashes'),
  title: z.string().min(1).max(60).describe('As people call it'),
  protocol: z
    .enum(['acp', 'command'])
    .describe('acp: Agent Client Protocol on stdio; command: gets the prompt, leaves changes in the tree, exits'),
  start: start.describe('How to start it; undefined when the settings do not say enough'),
  env: z.array(envName).max(60).describe('The environment variables it may see, besides the small base'),
  fixedEnv: z.record(envName, z.string()).default({}).describe('Variables that are always set for it'),
  authenticate: z
    .array(z.strictObject({ method: z.string().min(1), whenEnv: envName }))
    .default([])
    .describe('Which ACP auth method to call when it asks for a login and that variable is set'),
  hosts: z
    .array(z.string().min(1).max(260))
    .default([])
    .describe('Servers that it reaches from its sandbox: those of its provider, as `host`, `*.host` or `host:port`'),
  reads: z.array(z.string().startsWith('/')).default([]).describe('Files beside its program that it needs to run'),
  modes: z
    .strictObject({ build: z.string().min(1).optional(), plan: z.string().min(1).optional() })
    .default({})
    .describe('The ACP mode of a session that builds and of one that plans, by the ids of the program'),
  modesInSandbox: z
    .strictObject({ build: z.string().min(1).optional(), plan: z.string().min(1).optional() })
    .default({})
    .describe('The same in a sandbox of ours, for a program whose own sandbox does not work inside of one'),
  provider: z
    .string()
    .max(60)
    .default('')
    .describe('Whose models it uses unless the operator says otherwise, for people'),
  loginFiles: z
    .array(homeFile)
    .default([])
    .describe('Files in a home that hold its login, for an operator who lends one'),
  templates: z
    .array(z.strictObject({ variable: envName, folder: homeFile, files: z.array(homeFile) }))
    .default([])
    .describe('Variables that name a folder of configuration: these files of it are copied into each run'),
  skillsFolder: homeFile.optional().describe('Where in a home it reads skills'),
  operator: z.custom<OperatorAgent>().optional().describe('What the operator has set up; no file of a kind has it'),
  install: z.string().min(1).max(200).describe('One line: how to install it'),
  homepage: z.url().optional(),
  playgroundOnly: z.boolean().default(false).describe('Refused when a real GitHub is served'),
})

/** A checked kind of agent. */
export type AgentKind = z.output<typeof agentKindSchema>

/** What a file declares: fields with a default may be left out. */
export type AgentKindDefinition = z.input<typeof agentKindSchema>

/**
 * Variables for the network that all kinds may see: a company proxy, and its certificates. Both spellings of the proxy
 * variables are in use.
 */
export const networkEnv: readonly string[] = [
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
]

/** The start command from the settings, or the built-in one. */
export function commandOr(options: StartOptions, builtIn: StartCommand): StartCommand {
  const [file, ...args] = options.command ?? []
  return file === undefined ? builtIn : { ...builtIn, file, args }
}

/** Whose models a session uses, for people: the operator's provider, that of the model's name, or the kind's usual one. */
export function providerOf(kind: Pick<AgentKind, 'operator' | 'provider'>, model: string): string {
  const { provider, baseUrl } = kind.operator ?? {}
  const named = provider ?? (/^([\w.-]+)\//.exec(model)?.[1] || kind.provider)
  return baseUrl ? `${named} at ${new URL(baseUrl).host}`.trim() : named
}
