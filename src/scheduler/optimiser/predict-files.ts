/** Which files an item will touch, learned from what merged pull requests touched. */
import { type Pattern, parsePattern, patternsMeet } from '../glob-overlap.ts'

/** A merged pull request: what was known before, and what it touched. */
export type HistorySample = { title: string; labels: readonly string[]; module?: string; files: readonly string[] }

/** What is known of an item before anybody works on it. */
export type HistoryQuestion = Omit<HistorySample, 'files'>

export type PredictedPath = {
  /** A file, or a directory with a slash at its end. */
  path: string
  /** The part of the similar pull requests that touched it, the more similar counting more. Above 0, at most 1. */
  score: number
  /** How many of the similar pull requests touched it. */
  seen: number
}

/** What is sure enough to keep other items waiting for it. */
const SURE_SCORE = 0.5
const SURE_SEEN = 4

/** What more than this part of everything touches (a change log, a lock file) would make everybody wait for everybody. */
const COMMON_PART = 0.25

/** How many similar pull requests are asked. */
const NEIGHBOURS = 12

/** What a shared signal is worth before its rarity is counted: the module says most about where the work is. */
const WORTH = { module: 3, label: 1, word: 2 } as const

/** A file that this part of the neighbours touched is predicted. */
const FILE_THRESHOLD = 0.3

/** A directory of which no single file stands out is predicted as a whole from this part on. */
const DIRECTORY_THRESHOLD = 0.4

/** A word that more files than this have in their name says little, and how sure fewer make it. */
const MOST_NAMESAKES = 3
const NAME_SCORE = 0.5

/** Words that are in every title. */
const COMMON = new Set('a an and as at be by for from in into is it of on or so that the this to when with'.split(' '))

/**
 * Predicts from the most similar of `history`: those that share the module, labels or title words, rare ones counting more
 * (inverse document frequency, Spärck Jones 1972).
 * @param history merged pull requests of the repository, in any order.
 * @returns paths for the item's footprint, the surest first; empty when nothing similar was ever merged.
 */
export function predictPaths(question: HistoryQuestion, history: readonly HistorySample[]): PredictedPath[] {
  const backlog = history.map((sample) => ({ sample, signals: signalsOf(sample) }))
  const spread = new Map<string, number>()
  for (const { signals } of backlog)
    for (const signal of signals.keys()) spread.set(signal, (spread.get(signal) ?? 0) + 1)
  const wanted = signalsOf(question)
  const near = backlog
    .map(({ sample, signals }) => ({ sample, weight: likeness(wanted, signals, spread, history.length) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, NEIGHBOURS)
  const total = near.reduce((sum, { weight }) => sum + weight, 0)
  const files = new Map<string, number>()
  const directories = new Map<string, number>()
  const seen = new Map<string, number>()
  for (const { sample, weight } of near) {
    const part = weight / total
    const touched = new Set(sample.files)
    const around = new Set(sample.files.map(directoryOf))
    for (const file of touched) files.set(file, (files.get(file) ?? 0) + part)
    for (const directory of around) directories.set(directory, (directories.get(directory) ?? 0) + part)
    for (const path of [...touched, ...around]) seen.set(path, (seen.get(path) ?? 0) + 1)
  }
  for (const [path, score] of namedIn(question.title, history)) files.set(path, Math.max(score, files.get(path) ?? 0))
  const sure = [...files].filter(([, score]) => score >= FILE_THRESHOLD)
  const covered = new Set(sure.map(([file]) => directoryOf(file)))
  // The root of a repository is no directory to be kept for one item.
  const wide = [...directories].filter(
    ([directory, score]) => directory !== '' && score >= DIRECTORY_THRESHOLD && !covered.has(directory),
  )
  return [...sure, ...wide]
    .map(([path, score]) => ({ path, score: Math.min(1, score), seen: seen.get(path) ?? 0 }))
    .sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1))
}

/**
 * Of the predicted paths those that are sure enough to keep other items off them: half of the similar pull requests
 * touched it, at least four did, and most others did not. A wrong path makes somebody wait for nothing at every decision, a missing one costs
 * a conflict now and then, which is repaired.
 */
export function surePaths(question: HistoryQuestion, history: readonly HistorySample[]): PredictedPath[] {
  const sure = predictPaths(question, history).filter(({ score, seen }) => score >= SURE_SCORE && seen >= SURE_SEEN)
  return sure.filter(({ path }) => {
    const touched = history.filter(({ files }) => files.some((file) => file === path || directoryOf(file) === path))
    return touched.length <= COMMON_PART * history.length
  })
}

export type Evaluation = {
  /** Pull requests for which something was predicted, and all that were asked about. */
  answered: number
  asked: number
  /** Of the predicted paths, the part that the pull request did touch; of its files, the part that was predicted. */
  precision: number
  recall: number
  /** The part of the touched files that was there before: the recall of one who names them all. */
  backlog: number
}

/**
 * How good the predictions would have been: each pull request is predicted from those before it alone.
 * @param history oldest first.
 * @param skip so many of the oldest are only learned from.
 * @param predict `predictPaths`, or `surePaths` for what the scheduler acts on.
 */
export function evaluatePredictions(
  history: readonly HistorySample[],
  skip = 0,
  predict: typeof predictPaths = predictPaths,
): Evaluation {
  let [answered, predicted, right, touched, found, old] = [0, 0, 0, 0, 0, 0]
  const seen = new Set<string>()
  history.forEach((sample, at) => {
    const before = sample.files.filter((file) => seen.has(file)).length
    for (const file of sample.files) seen.add(file)
    if (at < skip) return
    old += before
    const paths = predict(sample, history.slice(0, at)).map(({ path }) => parsePattern(path))
    const files = sample.files.map(parsePattern)
    if (paths.length > 0) answered++
    predicted += paths.length
    right += paths.filter((path) => files.some((file) => meet(path, file))).length
    touched += files.length
    found += files.filter((file) => paths.some((path) => meet(path, file))).length
  })
  const asked = Math.max(0, history.length - skip)
  const part = (some: number, all: number) => (all > 0 ? some / all : 0)
  return {
    answered,
    asked,
    precision: part(right, predicted),
    recall: part(found, touched),
    backlog: part(old, touched),
  }
}

/** Files whose own name is a word of the title that few files have in their name, with a score for each. */
function namedIn(title: string, history: readonly HistorySample[]): Map<string, number> {
  const wanted = new Set(wordsOf(title))
  const byWord = new Map<string, Set<string>>()
  for (const { files } of history) {
    for (const file of files) {
      const name = file.slice(file.lastIndexOf('/') + 1).replace(/\..*$/, '')
      for (const word of wordsOf(name)) {
        if (wanted.has(word)) byWord.set(word, (byWord.get(word) ?? new Set()).add(file))
      }
    }
  }
  const found = new Map<string, number>()
  for (const files of byWord.values()) {
    if (files.size <= MOST_NAMESAKES) for (const file of files) found.set(file, NAME_SCORE)
  }
  return found
}

/** Signal → worth. */
function signalsOf(question: HistoryQuestion): Map<string, number> {
  const signals = new Map<string, number>()
  if (question.module) signals.set(`module ${question.module}`, WORTH.module)
  for (const label of question.labels) signals.set(`label ${label}`, WORTH.label)
  for (const word of wordsOf(question.title)) signals.set(`word ${word}`, WORTH.word)
  return signals
}

function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []).filter((word) => !COMMON.has(word)).map(stem)
}

function likeness(
  wanted: ReadonlyMap<string, number>,
  signals: ReadonlyMap<string, number>,
  spread: ReadonlyMap<string, number>,
  samples: number,
): number {
  let sum = 0
  for (const [signal, worth] of wanted) {
    if (signals.has(signal)) sum += worth * Math.log(1 + samples / (spread.get(signal) ?? 1))
  }
  return sum
}

/** `tests`, `testing` and `tested` are one word here; exact grammar does not matter. */
function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ings?|ed|es|s|e)$/, '') : word
}

function directoryOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1)
}

function meet(a: readonly Pattern[], b: readonly Pattern[]): boolean {
  return a.some((mine) => b.some((theirs) => patternsMeet(mine, theirs)))
}
