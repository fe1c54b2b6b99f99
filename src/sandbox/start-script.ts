/** The command that sets the caps, opens the filter, and becomes `bwrap`. */

import type { Cgroup, CgroupSupport } from './cgroups.ts'
import type { SandboxLimits } from './launch.ts'
import type { SandboxTools } from './probe.ts'

interface Start {
  tools: Extract<SandboxTools, { found: true }>
  filter: string
  limits: SandboxLimits
  capped: CgroupSupport | undefined
  cgroup: Cgroup | undefined
}

/**
 * Joins the cgroup, opens the filter as descriptor 9, and gives the process over: its id stays the same. All values are
 * arguments: nothing of them is read by the shell as code.
 */
const script = [
  'exec 9<"$1" || exit 126',
  'count=$2',
  'shift 2',
  'while [ "$count" -gt 0 ]; do echo $$ 2>/dev/null >"$1" || echo "the cap $1 is not in force" >&2; shift; count=$((count - 1)); done',
  'exec "$@"',
].join('\n')

/** Processor time of a sandboxed program comes after that of Tutti: nice(1) values from -20 to 19, 0 being usual. */
const niceness = '5'

/** The command for `bwrap` with these arguments. */
export function startScript(
  { tools, filter, limits, capped, cgroup }: Start,
  box: readonly string[],
): { file: string; args: string[] } {
  const joins = cgroup?.joinFiles ?? []
  const caps = [
    `--fsize=${limits.fileBytes}`,
    // No copy of memory, which may hold a key, in a file or in a crash reporter of the machine.
    '--core=0',
    // In a cgroup all processes count together. These count for each process, or for each user.
    ...(cgroup && capped?.memory ? [] : [`--data=${limits.memoryBytes}`]),
    ...(cgroup && capped?.processes ? [] : [`--nproc=${limits.processes}`]),
  ]
  const program = [tools.nice, '-n', niceness, tools.prlimit, ...caps, tools.bwrap, '--seccomp', '9', ...box]
  return { file: '/bin/sh', args: ['-c', script, 'sh', filter, String(joins.length), ...joins, ...program] }
}

/**
 * Inside of the sandbox: `socat` gives the proxy's socket a port on the sandbox's own loopback. It is started by a process
 * that ends at once, so that the program does not find a child that it does not know. The program starts when the port is
 * open: 0C38 is port 3128 in /proc/net/tcp.
 */
const egressScript = [
  '("$1" TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr,max-children=128 "UNIX-CONNECT:$2" </dev/null >/dev/null 2>&1 &)',
  // Without a program of its own for each try: starting one takes longer than the port.
  'open() { while read -r _ local _; do case $local in *:0C38) return 0 ;; esac; done </proc/net/tcp; return 1; }',
  'tries=0',
  'until open || [ "$tries" -gt 200 ]; do sleep 0.005; tries=$((tries + 1)); done',
  'shift 2',
  'exec "$@"',
].join('\n')

/** A program with a way to the proxy's socket. */
export function withEgress(socat: string, socket: string, program: readonly string[]): string[] {
  return ['/bin/sh', '-c', egressScript, 'sh', socat, socket, ...program]
}
