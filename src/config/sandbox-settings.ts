/** What the operator (environment) and a repository (settings) say about the sandbox. */

import { resolve } from 'node:path'
import { z } from 'zod'

/** From the weakest to the strictest. */
export const sandboxModes = ['off', 'auto', 'required'] as const
export type SandboxMode = (typeof sandboxModes)[number]

/** The word for the servers of package managers in a list of hosts. */
export const registriesWord = 'registries'

/** A host, `*.` before it for its subdomains, a port after it; or `registries`. */
const hostPattern =
  /^(?:registries|(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?)$/

const host = z
  .string()
  .max(260)
  .regex(hostPattern, 'must be a host such as "example.com", "*.example.com:8443", or "registries"')
const hosts = z.array(host).max(100)
const mode = z.enum(sandboxModes)

const list = (value: string) =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
/** Paths with commas between them. */
export const pathList = z
  .string()
  .default('')
  .transform((value) => list(value).map((path) => resolve(path)))
const wholeNumber = (value: number, least: number) => z.coerce.number().int().min(least).default(value)

/** `sandbox` of the settings. */
export const sandboxSetting = mode
  .optional()
  .describe('`required`: no agent, gate or set-up step runs without a sandbox; only stricter than the operator counts')

/** `network` of the settings. */
export const networkSettings = z.strictObject({
  agent: hosts.default([]).describe("Public servers that agents reach from the sandbox, besides their provider's"),
  setup: hosts
    .default(['registries'])
    .describe('The same for the set-up step; `registries`: those of package managers'),
  gates: hosts.default([]).describe('The same for the commands of gates'),
})

/** The variables of the environment about it. */
export const sandboxVariables = {
  SANDBOX: mode
    .default('auto')
    .describe(
      '`required`: agents, gates and set-up steps run in a sandbox or not at all; `auto`: in one where there is one; `off`: never',
    ),
  SANDBOX_HOSTS: z
    .string()
    .default('')
    .transform(list)
    .pipe(hosts)
    .describe(
      'Servers that everything in a sandbox may reach, with commas: `host`, `*.host`, `host:port`, `registries`; private addresses too',
    ),
  SANDBOX_READ: pathList.describe(
    'More paths that programs in a sandbox may read, with commas: tool chains outside of `/usr`',
  ),
  SANDBOX_WRITE: pathList.describe(
    'More paths that programs in a sandbox may write to, with commas; all runs share them',
  ),
  SANDBOX_MEMORY_MB: wholeNumber(4096, 256).describe('Memory of one sandbox, in MB'),
  SANDBOX_PROCESSES: wholeNumber(2048, 32).describe('Processes and threads of one sandbox'),
  SANDBOX_FILE_MB: wholeNumber(4096, 1).describe('The largest file that a program in a sandbox may write, in MB'),
  SANDBOX_DISK_MB: wholeNumber(10_240, 1).describe(
    'What a program in a sandbox may write in all, in MB, before it is ended',
  ),
}
