/** `tutti schema`: the settings file's JSON Schema, for editors. */

import { settingsJsonSchema } from '../config/settings.ts'
import type { Verb } from './verb.ts'

export const schema: Verb = {
  summary: 'print the JSON Schema of .github/tutti.yml',
  run: async () => {
    console.log(JSON.stringify(settingsJsonSchema(), null, 2))
    return 0
  },
}
