/** `tutti schema`: the settings file's JSON Schema, for editors. */

import { defineVerb } from './verb.ts'

export const schema = defineVerb({
  declare: (command) => command,
  run: async () => {
    const { settingsJsonSchema } = await import('../config/settings.ts')
    console.log(JSON.stringify(settingsJsonSchema(), null, 2))
    return 0
  },
})
