/** Predicts the files that an item will touch from the files of merged pull requests. */
import { anyOverlap, parsePattern } from '../glob-overlap.ts'

/** A merged pull request: its item, and the files that it touched. */
export type HistorySample = { title: string; labels: readonly string[]; module?: string; files: readonly string[] }

/** The facts about an item before work starts. */
export type HistoryQuery = Omit<HistorySample, 'files'>

export type PredictedPath = {
  /** A file, or a directory with a slash at its end. */
  path: string
  /** The share of the similar pull requests that touched it, weighted by similarity. Above 0, at most 1. */
  score: number
  /** How many of the similar pull requests touched it. */
  seen: number
}

/** The limits from which a prediction is certain enough to make other items wait. */
const MIN_SCORE = 0.5
const MIN_SEEN = 4

/**
 * A file that a larger share of pull requests touches (a change log, a lock file) would make all items wait for each
 * other.
 */
const MAX_COMMON_SHARE = 0.25

/** How many similar pull requests a prediction uses. */
const NEIGHBOURS = 12

/** The weight of a shared signal before its rarity counts. The module is the best signal for the place of the work. */
const SIGNAL_WEIGHTS = { module: 3, label: 1, word: 2 } as const

/** A file that this share of the neighbours touched is predicted. */
const FILE_THRESHOLD = 0.3

/** A directory without a predicted file is predicted as a whole from this share on. */
const DIRECTORY_THRESHOLD = 0.4

/** A word in the names of more files than this is no signal. With fewer files, the prediction has this score. */
const MAX_NAMESAKES = 3
const NAME_SCORE = 0.5

/** Words that are common in titles. */
const STOP_WORDS = new Set(
  'a an and as at be by for from in into is it of on or so that the this to when with'.split(' '),
)

/**
 * Predicts from the most similar pull requests of `history`: they share the module, labels or words of the title. Rare
 * signals count more (inverse document frequency, Spärck Jones 1972).
 * @param history merged pull requests of the repository, in any order.
 * @returns paths for the item's footprint, the highest score first; empty without similar pull requests.
 */
export function predictPaths(query: HistoryQuery, history: readonly HistorySample[]): PredictedPath[] {
  const samples = history.map((sample) => ({ sample, signals: signalsOf(sample) }))
  const frequency = new Map<string, number>()
  for (const { signals } of samples)
    for (const signal of signals.keys()) frequency.set(signal, (frequency.get(signal) ?? 0) + 1)
  const own = signalsOf(query)
  const neighbours = samples
    .map(({ sample, signals }) => ({ sample, weight: similarity(own, signals, frequency, history.length) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, NEIGHBOURS)
  const total = neighbours.reduce((sum, { weight }) => sum + weight, 0)
  const files = new Map<string, number>()
  const directories = new Map<string, number>()
  const seen = new Map<string, number>()
  for (const { sample, weight } of neighbours) {
    const share = weight / total
    const touchedFiles = new Set(sample.files)
    const touchedDirectories = new Set(sample.files.map(directoryOf))
    for (const file of touchedFiles) files.set(file, (files.get(file) ?? 0) + share)
    for (const directory of touchedDirectories) directories.set(directory, (directories.get(directory) ?? 0) + share)
    for (const path of [...touchedFiles, ...touchedDirectories]) seen.set(path, (seen.get(path) ?? 0) + 1)
  }
  for (const [path, score] of filesNamedIn(query.title, history)) files.set(path, Math.max(score, files.get(path) ?? 0))
  const likelyFiles = [...files].filter(([, score]) => score >= FILE_THRESHOLD)
  const covered = new Set(likelyFiles.map(([file]) => directoryOf(file)))
  // The root directory of a repository is never predicted: it would block all other items.
  const likelyDirectories = [...directories].filter(
    ([directory, score]) => directory !== '' && score >= DIRECTORY_THRESHOLD && !covered.has(directory),
  )
  return [...likelyFiles, ...likelyDirectories]
    .map(([path, score]) => ({ path, score: Math.min(1, score), seen: seen.get(path) ?? 0 }))
    .sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1))
}

/**
 * The predicted paths that are certain enough to make other items wait: half of the similar pull requests touched the
 * path, at least four did, and most others did not. A wrong path makes items wait for nothing at every decision. A
 * missing path costs an occasional merge conflict, which is repaired.
 */
export function surePaths(query: HistoryQuery, history: readonly HistorySample[]): PredictedPath[] {
  const likely = predictPaths(query, history).filter(({ score, seen }) => score >= MIN_SCORE && seen >= MIN_SEEN)
  return likely.filter(({ path }) => {
    const touched = history.filter(({ files }) => files.some((file) => file === path || directoryOf(file) === path))
    return touched.length <= MAX_COMMON_SHARE * history.length
  })
}

export type Evaluation = {
  /** Pull requests with a prediction, and all pull requests of the evaluation. */
  answered: number
  asked: number
  /** The share of predicted paths that the pull request touched, and the share of its files that were predicted. */
  precision: number
  recall: number
  /** The share of touched files that existed before: the best possible recall. */
  existing: number
}

/**
 * The quality of predictions: each pull request is predicted only from the pull requests before it.
 * @param history oldest first.
 * @param skip this many of the oldest are only used for learning.
 * @param predict `predictPaths`, or `surePaths`, which the scheduler uses.
 */
export function evaluatePredictions(
  history: readonly HistorySample[],
  skip = 0,
  predict: typeof predictPaths = predictPaths,
): Evaluation {
  let [answered, predicted, right, touched, found, existing] = [0, 0, 0, 0, 0, 0]
  const seen = new Set<string>()
  history.forEach((sample, at) => {
    const before = sample.files.filter((file) => seen.has(file)).length
    for (const file of sample.files) seen.add(file)
    if (at < skip) return
    existing += before
    const paths = predict(sample, history.slice(0, at)).map(({ path }) => parsePattern(path))
    const files = sample.files.map(parsePattern)
    if (paths.length > 0) answered++
    predicted += paths.length
    right += paths.filter((path) => files.some((file) => anyOverlap(path, file))).length
    touched += files.length
    found += files.filter((file) => paths.some((path) => anyOverlap(path, file))).length
  })
  const asked = Math.max(0, history.length - skip)
  const share = (some: number, all: number) => (all > 0 ? some / all : 0)
  return {
    answered,
    asked,
    precision: share(right, predicted),
    recall: share(found, touched),
    existing: share(existing, touched),
  }
}

/** Files with a word of the title in their name, if few files have that word, with a score for each. */
function filesNamedIn(title: string, history: readonly HistorySample[]): Map<string, number> {
  const titleWords = new Set(wordsOf(title))
  const byWord = new Map<string, Set<string>>()
  for (const { files } of history) {
    for (const file of files) {
      const name = file.slice(file.lastIndexOf('/') + 1).replace(/\..*$/, '')
      for (const word of wordsOf(name)) {
        if (titleWords.has(word)) byWord.set(word, (byWord.get(word) ?? new Set()).add(file))
      }
    }
  }
  const found = new Map<string, number>()
  for (const files of byWord.values()) {
    if (files.size <= MAX_NAMESAKES) for (const file of files) found.set(file, NAME_SCORE)
  }
  return found
}

/** The weight of each signal. */
function signalsOf(query: HistoryQuery): Map<string, number> {
  const signals = new Map<string, number>()
  if (query.module) signals.set(`module ${query.module}`, SIGNAL_WEIGHTS.module)
  for (const label of query.labels) signals.set(`label ${label}`, SIGNAL_WEIGHTS.label)
  for (const word of wordsOf(query.title)) signals.set(`word ${word}`, SIGNAL_WEIGHTS.word)
  return signals
}

function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []).filter((word) => !STOP_WORDS.has(word)).map(stem)
}

function similarity(
  own: ReadonlyMap<string, number>,
  signals: ReadonlyMap<string, number>,
  frequency: ReadonlyMap<string, number>,
  samples: number,
): number {
  let sum = 0
  for (const [signal, weight] of own) {
    if (signals.has(signal)) sum += weight * Math.log(1 + samples / (frequency.get(signal) ?? 1))
  }
  return sum
}

/** `tests`, `testing` and `tested` become the same word. Exact grammar does not matter. */
function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ings?|ed|es|s|e)$/, '') : word
}

function directoryOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1)
}
