/** Files that all sandboxes of a process share. They are written at every start, the same each time. */

import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seccompFilter } from './seccomp-filter.ts'

export interface SharedFiles {
  /** The filter of system calls. */
  filter: string
  /** Shown as /etc/hosts: names of the machine's network are none of a program's business. */
  hosts: string
  /** Laid over settings files that must not be made. */
  emptyFile: string
  emptyJson: string
  emptyFolder: string
}

/** Writes them below the data directory. */
export function writeSharedFiles(dataDirectory: string): SharedFiles {
  const folder = join(dataDirectory, 'sandbox')
  const emptyFolder = join(folder, 'empty')
  mkdirSync(emptyFolder, { recursive: true, mode: 0o755 })
  const write = (name: string, content: string | Buffer) => {
    const path = join(folder, name)
    // Replaced, never written into: a sandbox of another process may be reading it.
    rmSync(path, { force: true })
    writeFileSync(path, content)
    chmodSync(path, 0o444)
    return path
  }
  return {
    filter: write('system-calls.bpf', seccompFilter() ?? Buffer.alloc(0)),
    hosts: write('hosts', '127.0.0.1 localhost sandbox\n::1 localhost\n'),
    emptyFile: write('empty-file', ''),
    emptyJson: write('empty.json', '{}\n'),
    emptyFolder,
  }
}
