/** Workflows by name: the prompt of the agent, its steps, and additional gates that its work must pass. */

import type { Settings } from '../config/settings.ts'
import { didYouMean } from '../lib/did-you-mean.ts'

/** A named workflow. The settings call it a loop. */
export type Workflow = Settings['loops'][string]

/** The workflow of an issue that names none. */
export const defaultWorkflow = 'engineering-loop'

const builtIn: Record<string, Workflow> = {
  [defaultWorkflow]: {
    prompt: '',
    steps: [
      'Read what the task is about, and the code around it, before changing anything.',
      'Make the smallest change that does the whole task.',
      'Add or change tests so that they fail without the change.',
      'Run the checks, and mend what they find; after five rounds without progress, stop and say what is in the way.',
    ],
    gates: [],
  },
}

/** The workflow with this name, from the settings or built in; undefined when there is none. */
export function workflowNamed(settings: Settings, name: string): Workflow | undefined {
  if (Object.hasOwn(settings.loops, name)) return settings.loops[name]
  return Object.hasOwn(builtIn, name) ? builtIn[name] : undefined
}

/** One sentence about a workflow that does not exist; undefined when it does. */
export function unknownWorkflow(settings: Settings, name: string): string | undefined {
  if (workflowNamed(settings, name)) return undefined
  const known = [...new Set([...Object.keys(builtIn), ...Object.keys(settings.loops)])]
  const meant = didYouMean(name, known)
  return `There is no loop \`${name}\`${meant ? `; did you mean \`${meant}\`?` : '.'} Known: ${known.map((one) => `\`${one}\``).join(', ')}. Mend the label \`loop:${name}\` or \`loops\` in the settings, then say \`/retry\`.`
}

/** The settings for work in a workflow: its gates run after those of the repository. */
export function settingsWithWorkflow(settings: Settings, name: string): Settings {
  const loop = workflowNamed(settings, name)
  if (!loop || loop.gates.length === 0) return settings
  return { ...settings, gates: { ...settings.gates, commands: [...settings.gates.commands, ...loop.gates] } }
}
