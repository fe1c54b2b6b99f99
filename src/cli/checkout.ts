/** `tutti checkout acme/app#12`: a person takes the work on an issue over, in their own clone. */

import { loadDotEnv, readClientEnv } from '../config/env.ts'
import { VerbError } from './exit-codes.ts'
import { findServer } from './lib/access.ts'
import { defineVerb } from './verb.ts'

export const checkout = defineVerb({
  json: true,
  server: true,
  declare: (command) => command.argument('<issue>', 'acme/app#12, in your clone of acme/app'),
  more: `The issue is paused, as \`/take-over\` does it, and your clone switches to its branch. Push what you do, then
\`tutti resume acme/app#12\` gives it back: the gates judge what you have pushed.`,
  run: async ({ args: [issue], json, server }) => {
    const [, repository = server.repository, number] = /^([\w.-]+\/[\w.-]+)?#?(\d{1,9})$/.exec(issue) ?? []
    if (repository === undefined || number === undefined)
      throw new VerbError('usage', `"${issue}" names no issue`, 'For example: tutti checkout acme/app#12')
    loadDotEnv(process.cwd())
    const access = findServer(server, readClientEnv())
    const [{ findLocalClone, switchToBranch }, { validBranch }, { commandNamed }, client, messages] = await Promise.all(
      [
        import('../git/local-clone.ts'),
        import('../git/names.ts'),
        import('./lib/words.ts'),
        import('./lib/client.ts'),
        import('../messages/commands/take-over.ts'),
      ],
    )
    // Before anything is paused: in the wrong folder nothing is to happen.
    const clone = await findLocalClone(process.cwd(), repository)
    if (!clone) throw new VerbError('usage', ...messages.noCloneHere(process.cwd()))
    if ('remotes' in clone) throw new VerbError('usage', ...messages.cloneOfAnother(repository, clone.remotes))
    const command = await commandNamed('take-over')
    if (!command) throw new Error('the command take-over is gone')
    const answer = await client.giveByRest(access, { command, args: {}, repository, on: Number(number) })
    const branch = validBranch(String(answer.branch))
    const switched = await switchToBranch(clone, branch).catch((error: Error) => {
      throw new VerbError('failed', ...messages.switchRefused(error.message.trim().split('\n')[0] ?? ''))
    })
    if (switched === 'differs') throw new VerbError('failed', ...messages.localBranchDiffers(branch, clone.remote))
    const back = { remote: clone.remote, repository, issue: Number(number) }
    console.log(json ? JSON.stringify({ ...answer, remote: clone.remote }) : messages.checkedOut(branch, back))
    return 0
  },
})
