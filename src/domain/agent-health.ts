/** The health of a running agent, from a sample of its processes. Pure; two minutes of silence are a warning, five are a stall. */

/** What was measured, and the verdict. Stored with the run. */
export interface HealthSample {
  /** When, as an ISO 8601 time. */
  at: string
  /** How long the agent has shown nothing, in milliseconds. */
  silentMs: number
  /** CPU of all its processes since the sample before, in percent of one core; null for the first sample. */
  cpuPercent: number | null
  /** Memory of all its processes, in bytes. */
  memory: number
  /** How many processes. */
  processes: number
  /** Whether a tool of the agent has begun and not ended. */
  inTool: boolean
  /** Free part of the disk of the worktrees, in percent; null where it is unknown. */
  diskFreePercent: number | null
  verdict: HealthVerdict
  /** Why it is not healthy; '' when it is. */
  why: string
}

export type HealthVerdict = 'healthy' | 'warning' | 'stalled' | 'critical' | 'dead'

/** The machine that the agent runs on. */
export interface MachineFacts {
  cores: number
  /** Memory that one agent may use before it is in danger, in bytes. */
  memoryLimit: number
}

/** Silence below this is healthy, above the second one stalled (C1: 2 and 5 minutes). */
const silence = { warning: 2 * 60_000, stalled: 5 * 60_000 }
/** CPU in percent of the whole machine (C1: 80 and 95). */
const cpu = { warning: 80, critical: 95 }
/** Memory in percent of what an agent may use, as for the CPU. */
const memory = { warning: 80, critical: 95 }
/** Free disk in percent: below the first a warning, below the second critical. */
const diskFree = { warning: 10, critical: 3 }
/** A tree that uses this much of a core works: an agent that only waits for its provider uses less than 1 %. */
export const busyPercent = 5

/**
 * The verdict on a sample: the worst of its parts. Silence counts only while nothing else shows work: a long build inside
 * a tool is silent, and its processes are busy.
 */
export function judgeHealth(
  sample: Omit<HealthSample, 'verdict' | 'why'>,
  machine: MachineFacts,
): Pick<HealthSample, 'verdict' | 'why'> {
  if (sample.processes === 0) return { verdict: 'dead', why: 'none of its processes is left' }
  const found = [silenceOf(sample), ...loadOf(sample, machine)].filter((one) => one !== undefined)
  const worst = severity.findLast((verdict) => found.some((one) => one.verdict === verdict))
  if (!worst) return { verdict: 'healthy', why: '' }
  return { verdict: worst, why: found.map(({ why }) => why).join('; ') }
}

const severity: readonly HealthVerdict[] = ['warning', 'critical', 'stalled']

type Finding = { verdict: HealthVerdict; why: string } | undefined

function silenceOf(sample: Pick<HealthSample, 'silentMs' | 'inTool' | 'cpuPercent'>): Finding {
  if (sample.silentMs < silence.warning || isAtWork(sample)) return undefined
  const minutes = Math.floor(sample.silentMs / 60_000)
  const verdict = sample.silentMs > silence.stalled ? 'stalled' : 'warning'
  return { verdict, why: `it has been silent for ${minutes} minutes` }
}

/** Whether a silent agent is at work all the same: in a tool that has not ended, or with processes that use the CPU. */
export function isAtWork({ inTool, cpuPercent }: Pick<HealthSample, 'inTool' | 'cpuPercent'>): boolean {
  return inTool || (cpuPercent ?? 0) >= busyPercent
}

function loadOf(sample: Omit<HealthSample, 'verdict' | 'why'>, { cores, memoryLimit }: MachineFacts): Finding[] {
  const used = Math.round((sample.cpuPercent ?? 0) / Math.max(1, cores))
  const full = memoryLimit > 0 ? Math.round((sample.memory / memoryLimit) * 100) : 0
  return [
    above(used, cpu, `it uses ${used} % of the CPU`),
    above(full, memory, `it uses ${full} % of the memory that one agent may use`),
    below(sample.diskFreePercent, diskFree, `${Math.round(sample.diskFreePercent ?? 0)} % of the disk are free`),
  ]
}

function above(value: number, limits: { warning: number; critical: number }, why: string): Finding {
  if (value > limits.critical) return { verdict: 'critical', why }
  return value >= limits.warning ? { verdict: 'warning', why } : undefined
}

function below(value: number | null, limits: { warning: number; critical: number }, why: string): Finding {
  if (value === null || value >= limits.warning) return undefined
  return { verdict: value < limits.critical ? 'critical' : 'warning', why }
}
