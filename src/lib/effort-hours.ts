/**
 * The agent hours of the labels `effort:S` to `effort:XL`. The scale is Tutti's own: each size is twice the one before.
 */
export const effortHours = { S: 1, M: 2, L: 4, XL: 8 } as const

/** The sizes, the smallest first. */
export type Effort = keyof typeof effortHours
