/** What was found and mended, one line each. */
export type Repairs = string[]
