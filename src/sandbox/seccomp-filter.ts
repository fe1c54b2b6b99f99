/**
 * The system-call filter of a sandbox, as the program of classic BPF that `bwrap --seccomp` reads. Mounts, namespaces and
 * missing capabilities already refuse most of these calls; the filter also keeps programs away from the kernel code behind
 * them, and refuses what no namespace covers: the keyring, AF_VSOCK, terminal injection.
 *
 * Numbers: `asm/unistd_64.h` (x86-64) and `asm-generic/unistd.h` (arm64) of Linux 6.12; layout: `linux/seccomp.h`.
 */

interface Architecture {
  /** AUDIT_ARCH_* of `linux/audit.h`. */
  audit: number
  ioctl: number
  socket: number
  refused: readonly number[]
  absent: readonly number[]
}

// From 424 on, numbers are the same everywhere.
const newMounts = [428, 429, 430, 431, 432, 433, 442]
const ioUring = [425, 426, 427]

const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    ioctl: 16,
    socket: 41,
    refused: [
      ...newMounts,
      ...[165, 166, 155, 161], // mount, umount2, pivot_root, chroot
      ...[248, 249, 250], // add_key, request_key, keyctl
      ...[308, 321, 298, 323, 304, 303], // setns, bpf, perf_event_open, userfaultfd, open_by_handle_at, name_to_handle_at
      ...[246, 320, 175, 313, 176, 169, 163, 167, 168, 179], // kexec, modules, reboot, acct, swap, quotactl
      ...[103, 164, 227, 159, 305, 172, 173, 153], // syslog, settimeofday, clock_settime, adjtimex, iopl, ioperm, vhangup
    ],
    absent: ioUring,
  },
  arm64: {
    audit: 0xc00000b7,
    ioctl: 29,
    socket: 198,
    refused: [
      ...newMounts,
      ...[40, 39, 41, 51],
      ...[217, 218, 219],
      ...[268, 280, 241, 282, 265, 264],
      ...[104, 294, 105, 273, 106, 142, 89, 224, 225, 60],
      ...[116, 170, 112, 171, 266, 58],
    ],
    absent: ioUring,
  },
}

const load = 0x20 // BPF_LD | BPF_W | BPF_ABS
const equal = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
const atLeast = 0x35 // BPF_JMP | BPF_JGE | BPF_K
const give = 0x06 // BPF_RET | BPF_K
const allow = 0x7fff0000
const kill = 0x80000000
const failWith = (errno: number) => 0x00050000 | errno
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97]
/** TIOCSTI types for the person at a terminal, TIOCLINUX pastes: `asm-generic/ioctls.h`. */
const refusedIoctls = [0x5412, 0x541c]
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. */
const socketFamilies = [1, 2, 10, 16]
/** Programs of the x32 ABI have this bit in their numbers, and would pass a list of x86-64 numbers. */
const x32 = 0x40000000

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number]

/** The filter for a processor architecture as Node names it; undefined where its numbers are unknown here. */
export function seccompFilter(arch: string = process.arch): Buffer | undefined {
  const found = architectures[arch]
  if (!found) return undefined
  const program: Instruction[] = [
    [load, 0, 0, 4],
    [equal, 1, 0, found.audit],
    [give, 0, 0, kill],
    [load, 0, 0, 0],
    [atLeast, 0, 1, x32],
    [give, 0, 0, failWith(ENOSYS)],
    ...found.refused.flatMap((call) => refuse(call, EPERM)),
    ...found.absent.flatMap((call) => refuse(call, ENOSYS)),
    // The low half of the argument: the kernel takes no more of it.
    [equal, 0, refusedIoctls.length * 2 + 2, found.ioctl],
    [load, 0, 0, 24],
    ...refusedIoctls.flatMap((request) => refuse(request, EPERM)),
    [give, 0, 0, allow],
    [equal, 0, socketFamilies.length * 2 + 2, found.socket],
    [load, 0, 0, 16],
    ...socketFamilies.flatMap((family): Instruction[] => [
      [equal, 0, 1, family],
      [give, 0, 0, allow],
    ]),
    [give, 0, 0, failWith(EAFNOSUPPORT)],
    [give, 0, 0, allow],
  ]
  return Buffer.concat(program.map(encode))
}

function refuse(value: number, errno: number): Instruction[] {
  return [
    [equal, 0, 1, value],
    [give, 0, 0, failWith(errno)],
  ]
}

function encode([code, jumpTrue, jumpFalse, k]: Instruction): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(jumpTrue, 2)
  bytes.writeUInt8(jumpFalse, 3)
  bytes.writeUInt32LE(k >>> 0, 4)
  return bytes
}
