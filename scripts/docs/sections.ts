/** Every generated part, by the name that the documents use for it. */

import { loadAgents } from '../../src/agents/registry.ts'
import { commandTable } from '../../src/commands/lib/readme-table.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { appEvents, appPermissions } from './app-manifest.ts'
import { commandPermissions, commandReference } from './commands.ts'
import { environmentTable, shortEnvironmentTable } from './environment.ts'
import { effectTable, queueTable } from './queues.ts'
import { settingsTable } from './settings.ts'
import { code, table } from './table.ts'

/** Renders all parts. @throws {Error} when the code says something that the documents cannot explain. */
export async function sections(): Promise<ReadonlyMap<string, string>> {
  const commands = [...(await loadCommands()).values()]
  return new Map([
    ['agents', await agentTable()],
    ['commands', commandTable(commands)],
    ['command-reference', commandReference(commands)],
    ['command-permissions', commandPermissions(commands)],
    ['environment', environmentTable()],
    ['environment-first', shortEnvironmentTable()],
    ['settings', settingsTable()],
    ['app-permissions', appPermissions()],
    ['app-events', appEvents()],
    ['queues', queueTable()],
    ['effects', effectTable()],
  ])
}

async function agentTable(): Promise<string> {
  const kinds = [...(await loadAgents()).values()]
  return table(
    ['`AGENT`', 'program', 'install'],
    kinds.map(({ id, title, install }) => [code(id), title, install.replace(typed, '`$&`')]),
  )
}

/** What someone types or sets, in a sentence: a command line, a variable, a setting, a file, a list. */
const typed = /npm install -g [^\s,]+|\b[A-Z]+(?:_[A-Z]+)+\b|agents\.command\.command|\.github\/tutti\.yml|\[".*"\]/g
