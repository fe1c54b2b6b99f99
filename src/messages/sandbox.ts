/** What people read about the sandbox. */

/** @param why why there is none. @param install what to do on the machine, without a stop. */
export const sandboxMissing = (why: string, install: string) =>
  `A sandbox is required here, and there is none: ${why}. On the machine that runs Tutti: ${install}. Then say \`/retry\``
export const overDiskLimit =
  'The agent was stopped: it had written more to the disk than a sandbox allows (`SANDBOX_DISK_MB`)'
/** For the next agent. */
export const overDiskLesson = 'The attempt before was stopped because it had filled the disk. Write less.'
/** For the operator's log. */
export const runsWithout = (why: string, install: string) =>
  `THERE IS NO SANDBOX (${why}): agents, gates and set-up steps can read and write what Tutti can, and reach every server. To have one: ${install}`
export const runsWithoutByChoice =
  'SANDBOX=off: agents, gates and set-up steps can read and write what Tutti can, and reach every server'
