/** The differences that were found and corrected, one line each, for the log. */
export type Repairs = string[]
