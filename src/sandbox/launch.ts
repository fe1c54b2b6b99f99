/** The program that a sandbox is put around, and what it may see, write and use. */

/** A program about to be started. */
export interface SandboxLaunch {
  file: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
}

/** What a program in a sandbox sees of the disk, besides the tool chains. Absolute paths without links. */
export interface SandboxPlaces {
  /** The current directory of the program. */
  cwd: string
  /** Its HOME, writable; its `tmp` is /tmp for the program. */
  home: string
  /** Written to, besides the home. */
  writable: readonly string[]
  /** Read, also where they are inside of what is writable. What does not exist is left out. */
  readable: readonly string[]
  /** Inside of what is writable: to be neither changed nor made. */
  neverCreate: readonly string[]
}

/** Caps of one program and everything that it starts. */
export interface SandboxLimits {
  /** Of all processes together where a cgroup can be made, else of each. */
  memoryBytes: number
  /** Processes and threads. */
  processes: number
  /** The largest file. */
  fileBytes: number
}
