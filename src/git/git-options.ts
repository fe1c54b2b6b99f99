/** How one git command is run, and how it ended. Types only, for those who ask for git and those who start it. */

/** How one git command is run. */
export interface GitCommandOptions {
  /** `--git-dir`; a command without one (`--version`, `clone`) leaves it out. */
  gitDir?: string
  /** `--work-tree`, also the working folder of the command. */
  workTree?: string
  /** GIT_INDEX_FILE: an index outside of every tree. */
  index?: string
  /** Object folders to read from besides our own. They are data only: no configuration is read there. */
  alternates?: string
  /** Written to standard input. */
  input?: string | Buffer
  /**
   * Most bytes of standard output; 64 MiB by default. Past it the command is ended and fails. With `cut` it does not
   * fail: the output so far is the result.
   */
  maxBytes?: number
  cut?: boolean
  /** Milliseconds until the command is ended; 5 minutes by default. */
  timeout?: number
  signal?: AbortSignal
  /** Exit codes besides 0 that are an answer and not a failure. */
  accept?: readonly number[]
  /** Author and committer of a commit. */
  author?: Author
  /** Set when the command talks to a server or to another repository. */
  remote?: RemoteAccess
  /** Check objects that come in; `allow` names the faults that are only warned of. */
  fsck?: { check: boolean; allow: readonly string[] }
}

/** The person or bot a commit is made for. */
export interface Author {
  name: string
  email: string
}

/** What one command needs to talk to one server. */
export interface RemoteAccess {
  /** The program git asks for the password. It reads the token from file descriptor 3. */
  askpass: string
  /** Scheme and host that the token is for, as git writes it in its question. */
  origin: string
  token: string | undefined
  proxy?: string
  caFile?: string
  /** True where the address may be a folder of this machine. */
  allowLocal: boolean
}

/** What a command that was not refused and did not fail has written. */
export interface GitCommandResult {
  code: number
  stdout: Buffer
  stderr: string
  /** True when the output was cut at `maxBytes`. */
  cut: boolean
}

/** How a start of git ended, before `runGit` judges it. */
export interface GitExit extends GitCommandResult {
  /** Why we ended it, where we did. */
  ended?: string
}

/** Starts git and waits for its end; see `startGit` and `ForkServer.start`. */
export type StartGit = (args: readonly string[], options: GitCommandOptions) => Promise<GitExit>

/** Milliseconds for a command that sets no limit of its own. */
export const defaultTimeout = 5 * 60_000
/** Bytes of standard output for a command that sets no limit of its own. */
export const defaultMaxBytes = 64 * 1024 * 1024
