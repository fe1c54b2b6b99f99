/** The verbs of the command line. A verb is one line here and one file beside this one. */

import type { Verb } from './verb.ts'

/** A verb that is not loaded before it is called. */
export interface ListedVerb {
  name: string
  /** One line for `tutti --help`. */
  summary: string
  group: 'Run it' | 'Steer it' | 'Look after it' | 'For programs'
  load(): Promise<Verb>
}

/** In the order of `tutti --help`. */
export const listedVerbs: readonly ListedVerb[] = [
  {
    name: 'serve',
    summary: 'serve webhooks and run agents; without credentials, show the set-up page',
    group: 'Run it',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'demo',
    summary: 'the whole journey on this machine, without an account',
    group: 'Run it',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'status',
    summary: 'how far the work is: agents, queue, events; or where one issue stands',
    group: 'Steer it',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'top',
    summary: 'the same, live, until q or Ctrl-C',
    group: 'Steer it',
    load: async () => (await import('./top.ts')).top,
  },
  {
    name: 'next',
    summary: 'what starts next, and what it waits for',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('next'),
  },
  {
    name: 'queue',
    summary: 'queue an issue for an agent',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('queue'),
  },
  {
    name: 'stop',
    summary: 'stop the agent of an issue; --all stops every agent',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('stop'),
  },
  {
    name: 'pause',
    summary: 'pause an issue, or with --all the repository',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('pause'),
  },
  {
    name: 'resume',
    summary: 'go on with an issue, or with --all with the repository',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('resume'),
  },
  {
    name: 'checkout',
    summary: 'take the work on an issue over, in your clone of its repository',
    group: 'Steer it',
    load: async () => (await import('./checkout.ts')).checkout,
  },
  {
    name: 'report',
    summary: 'what was done, by whom, at which cost, and what is next',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).commandVerb('report'),
  },
  {
    name: 'run',
    summary: 'any command: tutti run approve acme/app#12; alone it lists them',
    group: 'Steer it',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'agents',
    summary: 'agents check [kind …]: start each kind, ask one short question, say what it is',
    group: 'Look after it',
    load: async () => (await import('./agents.ts')).agents,
  },
  {
    name: 'init',
    summary: 'set up this machine and a repository, step by step',
    group: 'Run it',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'doctor',
    summary: 'say what is missing here, and what to do about it',
    group: 'Look after it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'token',
    summary: 'make, list and revoke tokens for programs',
    group: 'Look after it',
    load: async () => (await import('./token.ts')).token,
  },
  {
    name: 'backup',
    summary: 'copy the database into one file',
    group: 'Look after it',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'put a backup into an empty database',
    group: 'Look after it',
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    name: 'audit',
    summary: 'prove, print or archive the audit log',
    group: 'Look after it',
    load: async () => (await import('./audit.ts')).audit,
  },
  {
    name: 'export',
    summary: 'print the state of a repository as the JSON of an orchestrator',
    group: 'For programs',
    load: async () => (await import('./run.ts')).commandVerb('export-orchestrator', { json: true }),
  },
  {
    name: 'mcp',
    summary: 'serve MCP on stdin and stdout, for Claude Code, Codex and other agents',
    group: 'For programs',
    load: async () => (await import('./mcp.ts')).mcp,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of .github/tutti.yml',
    group: 'For programs',
    load: async () => (await import('./schema.ts')).schema,
  },
]
