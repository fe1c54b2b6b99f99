/** Finds the gates: every other file in this folder is one, and its name is the id. */

import { loadPlugins } from '../lib/plugin-loader.ts'
import { type Gate, gateShape } from './gate.ts'

const notGates = ['batch-tester.ts', 'gate-runner.ts', 'gate.ts', 'judge.ts', 'registry.ts']

/**
 * Loads every gate of a folder.
 * @param folder absolute path; this folder when not given.
 * @throws {OperatorError} naming the file and the field that does not fit.
 */
export async function loadGates(folder: string = import.meta.dirname): Promise<readonly Gate[]> {
  const gates = await loadPlugins<Gate>({ folder, except: notGates, exported: 'gate', shape: gateShape, idField: 'id' })
  return [...gates.values()]
}
