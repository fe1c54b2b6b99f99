/** The few pictures of the pages, drawn as strokes. They say nothing that the text beside them does not say. */

import { type Html, html, markup } from './html.ts'

const paths = {
  board:
    '<rect x="3" y="4" width="5" height="16" rx="1.5"/><rect x="10" y="4" width="5" height="11" rx="1.5"/><rect x="17" y="4" width="4" height="7" rx="1.5"/>',
  graph:
    '<circle cx="5" cy="6" r="2.5"/><circle cx="5" cy="18" r="2.5"/><circle cx="19" cy="12" r="2.5"/><path d="M7.5 6.5 16.7 11M7.5 17.5 16.7 13"/>',
  crew: '<circle cx="9" cy="8" r="3.2"/><path d="M3 20c.4-3.6 2.8-5.4 6-5.4s5.600 1.800 6 5.400"/><path d="M15.500 5.200a3 3 0 0 1 0 5.600M17.500 14.800c2 .6 3.200 2.300 3.500 4.700"/>',
  spend: '<path d="M4 20V10M10 20V4M16 20v-7M21 20H3"/>',
  merge:
    '<circle cx="6" cy="5" r="2.300"/><circle cx="6" cy="19" r="2.300"/><circle cx="18" cy="14" r="2.300"/><path d="M6 7.300v9.400M6 8c0 4 4 6 9.700 6"/>',
  audit: '<path d="M6 3h9l4 4v14H6z"/><path d="M9 11h7M9 15h7M9 7h3"/>',
  settings:
    '<circle cx="12" cy="12" r="3"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.200 2.200M16.200 16.200l2.200 2.200M18.400 5.600l-2.200 2.200M7.800 16.200l-2.200 2.200"/>',
  moon: '<path d="M20 14.500A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500z"/>',
  out: '<path d="M14 4h5v16h-5M4 12h11M11 8l4 4-4 4"/>',
  check: '<path d="M4 12.500 9.500 18 20 6.500"/>',
  quiet:
    '<circle cx="12" cy="12" r="8.500"/><path d="M8.500 14.500c1.800 1.800 5.200 1.800 7 0M9 9.500h.01M15 9.500h.01"/>',
} as const

export type IconName = keyof typeof paths

/** One picture. @param size in CSS pixels. */
export function icon(name: IconName, size = 18): Html {
  return html`<svg width="${size}" height="${size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${markup(paths[name])}</svg>`
}

/** The sign of the product: voices that come together. */
export function logo(size = 26): Html {
  return html`<svg width="${size}" height="${size}" viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" aria-hidden="true" focusable="false">${markup('<path d="M5 7c8 0 8 9 14 9h8M5 16h22M5 25c8 0 8-9 14-9"/>')}</svg>`
}
