/** Agent hours behind the labels `effort:S` to `effort:XL`; Tutti's own scale, each size twice the one before. */
export const effortHours = { S: 1, M: 2, L: 4, XL: 8 } as const

/** The sizes, smallest first in hours. */
export type Effort = keyof typeof effortHours
