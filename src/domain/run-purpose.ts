/** What a run is there for; stored in `runs.purpose`. */

/**
 * `build` changes files. `plan` and `breakdown` read them and hand in a plan, `review` what it found in a commit, `propose`
 * work that nobody has asked for yet.
 */
export const runPurposes = ['build', 'plan', 'breakdown', 'review', 'propose'] as const

export type RunPurpose = (typeof runPurposes)[number]
