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
    name: 'schema',
    summary: 'print the JSON Schema of .github/tutti.yml',
    group: 'For programs',
    load: async () => (await import('./schema.ts')).schema,
  },
]
