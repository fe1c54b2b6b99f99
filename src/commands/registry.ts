/** Finds the commands: every other file in this folder is one, and its name is the command's name. */

import { loadPlugins } from '../lib/plugin-loader.ts'
import { type Command, commandShape } from './command.ts'

const notCommands = ['command.ts', 'parse.ts', 'registry.ts']

/**
 * Loads every command of a folder, by name.
 * @param folder absolute path; this folder when not given.
 * @throws {OperatorError} naming the file and the field that does not fit.
 */
export async function loadCommands(folder: string = import.meta.dirname): Promise<ReadonlyMap<string, Command>> {
  return loadPlugins<Command>({
    folder,
    except: notCommands,
    exported: 'command',
    shape: commandShape,
    idField: 'name',
  })
}
