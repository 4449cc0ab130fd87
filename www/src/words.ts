import type { Token } from './timeline'

/** Names for things as a person would say them: offsets, edits, error codes. */

export function count(n: number, one: string, many = one + 's'): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`
}

const segments = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

/** The first characters of a text, whole ones (no half emoji), with line ends made visible. */
export function excerpt(text: string, length = 22): string {
  const flat = text.replace(/\n/g, '⏎')
  if (!segments) return flat.length > length ? Array.from(flat).slice(0, length).join('') + '…' : flat
  let out = ''
  let n = 0
  for (const { segment } of segments.segment(flat.slice(0, length * 12))) {
    if (++n > length) return out + '…'
    out += segment
  }
  return out
}

/** What an edit did, in a few words. */
export function describe(token: Token, length = 22): string {
  const parts: string[] = []
  if (token.inserted) parts.push(`“${excerpt(token.inserted, length)}”`)
  if (token.deleted) parts.push(token.inserted ? `in place of “${excerpt(token.deleted, 12)}”` : `removed “${excerpt(token.deleted, length)}”`)
  return parts.join(' ') || count(token.runs, 'edit')
}

/** What went wrong and what to do next, for a person who never saw the code. */
export interface Advice {
  readonly what: string
  readonly next: string
}

const ADVICE: Record<string, Advice> = {
  'storage-refused': {
    what: 'This browser refused to store data for this page.',
    next: 'You can go on typing and syncing, but edits that are still waiting live in this tab only. Leave private browsing or allow site data, then reload; until then, do not close the tab while edits are waiting.',
  },
  'storage-full': {
    what: 'This device has no room left for new edits.',
    next: 'You can go on typing, but new edits live in this tab only, and are sent once there is room to store them. Free some space, or copy your text before you close the tab.',
  },
  'storage-blocked': {
    what: 'Another tab holds an older version of the storage open.',
    next: 'Close the other tabs of this page, then reload this one.',
  },
  'storage-in-use': {
    what: 'This document is open in another tab that uses the same storage.',
    next: 'Close that tab, then reload this one.',
  },
  'storage-conflict': {
    what: 'Another tab wrote to the same storage.',
    next: 'Close the other tabs of this page, then reload this pane.',
  },
  'storage-corrupt': {
    what: 'What is stored on this device for this document cannot be read.',
    next: 'Your copy on the server is untouched. Copy anything you need from this pane, then open a new document.',
  },
  'storage-newer': {
    what: 'This device’s storage was written by a newer version of this page.',
    next: 'Reload the page to get that version. Nothing stored was changed.',
  },
  'storage-failed': {
    what: 'Writing to this device’s storage failed.',
    next: 'You can go on typing; new edits live in this tab only, and are sent once they can be stored. It is tried again by itself; do not close the tab meanwhile.',
  },
  'too-large': {
    what: 'The server refused an edit because it is too large.',
    next: 'It was taken out of the text and kept under “Refused edits”. Export it, then add it in smaller parts.',
  },
  'op-too-long': {
    what: 'The server refused an edit because it is too long.',
    next: 'It was taken out of the text and kept under “Refused edits”. Export it, then add it in smaller parts.',
  },
  unauthorized: { what: 'The server does not let this page in.', next: 'Ask whoever runs it for access. Your edits stay on this device.' },
  'protocol-version': {
    what: 'The server speaks another version of the protocol.',
    next: 'Reload the page to get the version that fits. Your edits stay on this device.',
  },
  'init-failed': { what: 'The engine (a WebAssembly file) could not be loaded.', next: 'Reload the page. If that does not help, this browser may not allow WebAssembly.' },
  'engine-trapped': { what: 'The engine stopped unexpectedly and was rebuilt from this device’s storage.', next: 'Check your last words in the text, then go on.' },
  'storage-unavailable': { what: 'The server cannot write to its own storage right now.', next: 'Go on typing. Edits wait on this device and are sent again by themselves.' },
}

/** Advice for an error; unknown codes give the error's own sentence. */
export function advice(error: { code?: unknown; message?: unknown }): Advice {
  const known = typeof error.code === 'string' ? ADVICE[error.code] : undefined
  if (known) return known
  const said = typeof error.message === 'string' && error.message !== '' ? error.message : String(error)
  return { what: `Something went wrong: ${said}.`, next: 'Your edits stay on this device. Reload the page to try again.' }
}
