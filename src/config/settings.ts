/**
 * The settings of a repository in `.github/tutti.yml`. They are read from the base branch only, never from a branch
 * that an agent can write to. An unknown key is refused, and the error names the nearest known key: a typo is never
 * ignored.
 */

import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { runnerLabel } from '../lib/runner-labels.ts'
import { bestOfSettings } from './best-of-settings.ts'
import { crewSettings, notifySettings } from './crew-settings.ts'
import { kindSettings, rolesSettings } from './kind-settings.ts'
import { limitSettings } from './limit-settings.ts'
import { gateCommand, loopSettings } from './loop-settings.ts'
import { moduleName, moduleSettings } from './module-settings.ts'
import { proposalSettings } from './proposal-settings.ts'
import { recoverySettings } from './recovery-settings.ts'
import { networkSettings, sandboxSetting } from './sandbox-settings.ts'
import { glob, setupSettings } from './setup-settings.ts'
import { unknownKeys } from './unknown-keys.ts'

/** The path of the settings file in a repository. */
export const settingsPath = '.github/tutti.yml'
/** Some people end YAML files like this; it is read where there is no other. */
export const otherSettingsPath = '.github/tutti.yaml'

const branch = z
  .string()
  .max(200)
  .regex(/^(?!.*(?:\.\.|\/\/|\.lock$|[./]$))[A-Za-z0-9][\w./-]*$/, 'is not a plain branch name')

const parts = z.strictObject({
  label: z.string().min(1).max(50).default('tutti').describe('The label that queues an issue'),
  prefix: z
    .string()
    .regex(/^(\/[a-z][a-z0-9-]*)?$/, 'must be empty or look like "/tutti"')
    .default('')
    .describe('Put before every command where another bot owns a name: "/tutti" makes "/tutti queue"'),
  agent: z.string().max(50).optional().describe('Which agent works here; the operator sets the default'),
  agents: z.record(z.string(), kindSettings).default({}),
  roles: rolesSettings
    .optional()
    .describe('Which agent and model plans, which builds, and which reviews, where it is not the same'),
  modules: z
    .record(moduleName, moduleSettings)
    .default({})
    .describe('Parts of the repository, by the name in `module:<name>`'),
  loops: z
    .record(moduleName, loopSettings)
    .default({})
    .describe(
      'Ways of working, by name, besides the files in `.github/tutti/loops/`; an issue names one with the label `loop:<name>`',
    ),
  roadmap: z
    .strictObject({
      label: z.string().min(1).max(50).default('roadmap').describe('The label that makes an issue a roadmap'),
      file: z.string().min(1).max(300).default('ROADMAP.md').describe('What `/roadmap import` reads'),
    })
    .prefault({}),
  planning: z
    .strictObject({
      when: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe('"auto": an agent plans first what is large or made of several things'),
      approval: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe('Whether a person approves plans; "auto": large, risky or unsure ones; "never": only large ones'),
      confidence: z.number().min(0).max(1).default(0.8).describe('A plan less sure than this waits for approval'),
      questions: z.number().int().min(0).max(5).default(5).describe('Rounds of questions an agent may ask'),
    })
    .prefault({}),
  bestOf: bestOfSettings.optional(),
  proposals: proposalSettings.prefault({}),
  schedule: z
    .strictObject({
      mode: z
        .enum(['sequential', 'parallel-async', 'parallel-threads'])
        .optional()
        .describe(
          'Agents at once: one, at most 4, or any number, supervised in threads beside the main one; chosen by itself if not set',
        ),
      skipped: z
        .enum(['release', 'hold'])
        .default('release')
        .describe('What a skipped item does to those that wait for it'),
      cancelled: z.enum(['release', 'hold']).default('hold').describe('The same for a cancelled one'),
      unknownFootprint: z
        .enum(['free', 'exclusive'])
        .default('free')
        .describe('"exclusive": an item with unknown files runs alone'),
      reviewHolds: z.boolean().default(true).describe('Whether files stay taken until the pull request is merged'),
      weight: z.number().positive().max(100).default(1).describe('The share of agents against other repositories'),
      staleDays: z
        .number()
        .positive()
        .max(365)
        .default(14)
        .describe('Days without a change after which an item is stale'),
    })
    .prefault({}),
  setup: setupSettings.prefault({}),
  crew: crewSettings.prefault({}),
  notify: notifySettings.prefault({}),
  sandbox: sandboxSetting,
  network: networkSettings.prefault({}),
  runner: z
    .strictObject({
      labels: z
        .array(z.string().regex(runnerLabel, 'must be small letters, digits, dots and dashes'))
        .max(10)
        .default([])
        .describe(
          'What a runner must have to work here (`tutti serve --only runner --labels …`); an issue asks for more with the label `runner:<name>`',
        ),
    })
    .prefault({}),
  gates: z
    .strictObject({
      commands: z.array(gateCommand).max(20).default([]),
      maxFiles: z.number().int().positive().default(100),
      maxLines: z.number().int().positive().default(5000),
      protected: z
        .array(glob)
        .default([])
        .describe('Paths whose changes a person must approve, besides the built-in ones'),
      allowSecrets: z
        .array(glob)
        .max(100)
        .default([])
        .describe('Files in which what looks like a secret is an example; secrets that Tutti knows are never allowed'),
    })
    .prefault({}),
  limits: limitSettings.prefault({}),
  recovery: recoverySettings.prefault({}),
  merge: z
    .strictObject({
      when: z
        .enum(['command', 'approved'])
        .default('command')
        .describe('"command": a person says /merge; "approved": merged once approved and green'),
      method: z.enum(['squash', 'merge', 'rebase']).default('squash'),
      approvals: z.number().int().min(1).max(10).default(1),
      queue: z
        .boolean()
        .default(true)
        .describe('Whether merges wait for each other, and are tested with what was merged since their gates ran'),
      batch: z.number().int().min(1).max(50).default(16).describe('Pull requests that are tested together at most'),
    })
    .prefault({}),
  pullRequests: z
    .strictObject({
      whenIssueCloses: z
        .enum(['keep', 'close'])
        .default('keep')
        .describe('What becomes of an open pull request whose issue a person closes'),
      drafts: z
        .boolean()
        .default(false)
        .describe(
          'Whether it is opened as a draft before the commands of the repository are run on it, and made ready once the gates have passed',
        ),
      reviewers: z
        .array(z.string().regex(/^[A-Za-z0-9][\w-]*(?:\/[\w.-]+)?$/, 'must be a login, owner/team or assignees'))
        .max(15)
        .default([])
        .describe(
          'Who is asked for a review once it is open: logins, teams as owner/team, or `assignees` of the issue; GitHub asks code owners by itself',
        ),
    })
    .prefault({}),
  ci: z
    .strictObject({
      settleSeconds: z
        .number()
        .min(0)
        .max(3_600)
        .default(30)
        .describe('A failed check is acted on when all have ended, or after this long without another word of CI'),
      rerun: z
        .number()
        .int()
        .min(0)
        .max(5)
        .default(1)
        .describe('How often checks are run again that also fail on the base branch, or have been flaky'),
      fix: z.boolean().default(true).describe('Whether an agent is sent to mend what CI has found'),
    })
    .prefault({}),
  commits: z
    .strictObject({
      verified: z
        .boolean()
        .default(false)
        .describe('Made through the API, so that GitHub signs them; costs three writes to GitHub for each push'),
      signoff: z.boolean().default(false).describe('With the trailer `Signed-off-by:` of the app (DCO)'),
    })
    .prefault({}),
  branches: z
    .strictObject({
      base: branch.optional().describe('Where pull requests go; the default branch if not set'),
      prefix: branch.or(z.string().regex(/^[A-Za-z0-9][\w.-]*\/$/)).default('module/'),
      update: z
        .enum(['merge', 'rebase'])
        .default('merge')
        .describe('How a branch gets what its base has; commits of people are always merged, never rewritten'),
    })
    .prefault({}),
  labels: z
    .strictObject({
      project: z
        .array(z.enum(['queued', 'running', 'reviewing', 'held', 'done', 'paused']))
        .default(['held'])
        .describe('States shown as a `tutti:<state>` label; each change costs a write to GitHub'),
    })
    .prefault({}),
})

const schema = parts.refine(({ pullRequests, commits }) => !(pullRequests.drafts && commits.verified), {
  path: ['pullRequests', 'drafts'],
  message: 'not supported yet together with `commits.verified`: those commits are made once the gates have passed',
})

/** Settings with every default filled in. */
export type Settings = z.infer<typeof schema>

/** The settings of a repository without a settings file. */
export function defaultSettings(): Settings {
  return schema.parse({})
}

/** The JSON Schema of the settings file, for editors. */
export function settingsJsonSchema(): unknown {
  return { ...z.toJSONSchema(schema, { io: 'input' }), title: 'Tutti repository settings' }
}

/**
 * Reads the text of a settings file.
 * @param path which file it is, for the messages.
 * @throws {UserError} naming every unknown key (with the nearest known one) and every value of the wrong type.
 */
export function readSettings(text: string, path: string = settingsPath): Settings {
  const result = schema.safeParse(parseYaml(text, path) ?? {})
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue))
  throw new UserError(
    `\`${path}\` cannot be used:\n${problems.map((problem) => `- ${problem}`).join('\n')}\n\n`,
    untilFixed,
  )
}

const untilFixed = 'Until it is mended the last good settings stay in force, or the defaults.'

function parseYaml(text: string, path: string): unknown {
  try {
    // No aliases: a few lines of them can expand to gigabytes.
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    const where = error instanceof YAMLParseError ? error.message.split('\n')[0] : String(error)
    throw new UserError(`\`${path}\` is not valid YAML: ${where?.replace(/[:.]\s*$/, '')}.`, untilFixed)
  }
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const unknown = unknownKeys(issue, schema)
  if (!unknown || issue.code !== 'unrecognized_keys')
    return [`\`${issue.path.join('.') || 'the file'}\`: ${issue.message}`]
  return unknown.map((sentence, at) => {
    const key = issue.keys[at] ?? ''
    const secret = issue.path.length === 0 && /^(?:secrets?|env(?:ironment)?|variables|vars)$/i.test(key)
    return secret ? secretsStayOut(key) : sentence
  })
}

function secretsStayOut(key: string): string {
  return `\`${key}\` does not belong into the repository: the operator keeps secrets and variables for tests outside of it (\`SECRETS_DIR\`)`
}
