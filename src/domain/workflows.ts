/** Workflows by name: the prompt of the agent, its steps, and additional gates that its work must pass. */

import { readBuiltInLoops } from '../config/loop-settings.ts'
import type { Settings } from '../config/settings.ts'
import { didYouMean } from '../lib/did-you-mean.ts'

/** A named workflow. The settings call it a loop. */
export type Workflow = Settings['loops'][string]

/** The workflow of an issue that names none. */
export const defaultWorkflow = 'engineering-loop'

let builtIn: Readonly<Record<string, Workflow>> | undefined

/**
 * The workflows that Tutti brings along, by name; read once.
 * @throws {OperatorError} naming the file that cannot be used.
 */
export function builtInWorkflows(): Readonly<Record<string, Workflow>> {
  builtIn ??= readBuiltInLoops([defaultWorkflow])
  return builtIn
}

/** The workflow with this name, from the settings or built in; undefined when there is none. */
export function workflowNamed(settings: Settings, name: string): Workflow | undefined {
  // Settings from before there were loops have none.
  if (Object.hasOwn(settings.loops ?? {}, name)) return settings.loops[name]
  const known = builtInWorkflows()
  return Object.hasOwn(known, name) ? known[name] : undefined
}

/** One sentence about a workflow that does not exist; undefined when it does. */
export function unknownWorkflow(settings: Settings, name: string): string | undefined {
  if (workflowNamed(settings, name)) return undefined
  const known = [...new Set([...Object.keys(builtInWorkflows()), ...Object.keys(settings.loops)])]
  const meant = didYouMean(name, known)
  return `There is no loop \`${name}\`${meant ? `; did you mean \`${meant}\`?` : '.'} Known: ${known.map((one) => `\`${one}\``).join(', ')}. Mend the label \`loop:${name}\` or \`loops\` in the settings, then say \`/retry\`.`
}

/** The settings for work in a workflow: its gates run after those of the repository. */
export function settingsWithWorkflow(settings: Settings, name: string): Settings {
  const loop = workflowNamed(settings, name)
  if (!loop || loop.gates.length === 0) return settings
  return { ...settings, gates: { ...settings.gates, commands: [...settings.gates.commands, ...loop.gates] } }
}
