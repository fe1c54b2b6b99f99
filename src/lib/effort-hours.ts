/**
 * The agent hours of the labels `effort:S` to `effort:XL`. The scale is Tutti's own: each size is twice the one before.
 */
export const effortHours = { S: 1, M: 2, L: 4, XL: 8 } as const

/** The sizes, the smallest first. */
export type Effort = keyof typeof effortHours

/** Whether work that a person calls this size needs a plan, and a person's approval of it. */
export function isLargeEffort(effort: Effort | null): effort is 'L' | 'XL' {
  return effort === 'L' || effort === 'XL'
}
