/** Finds the handlers of effects: every file of `effects/` is one, and its name is the kind. */

import { join } from 'node:path'
import type { EffectKind } from '../../../domain/effects.ts'
import { OperatorError } from '../../../lib/errors.ts'
import { loadPlugins } from '../../../lib/plugin-loader.ts'
import { type EffectHandler, effectHandlerShape, effectKinds } from './handler.ts'

/** The handler of every kind of effect. */
export type EffectHandlers = ReadonlyMap<EffectKind, EffectHandler>

/**
 * Loads the handler of every kind of effect.
 * @param folder absolute path; `effects/` when not given.
 * @throws {OperatorError} naming the file and the field that does not fit, or the kind that has no file.
 */
export async function loadEffectHandlers(folder: string = join(import.meta.dirname, '..')): Promise<EffectHandlers> {
  const loaded = await loadPlugins<EffectHandler>({
    folder,
    except: [],
    exported: 'effect',
    shape: effectHandlerShape,
    idField: 'kind',
  })
  const absent = effectKinds.find((kind) => !loaded.has(kind))
  if (absent)
    throw new OperatorError(`no file carries out the effect ${absent}`, `Add ${join(folder, `${absent}.ts`)}.`)
  return loaded as EffectHandlers
}
