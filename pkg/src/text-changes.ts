/** The check of changes that a page passes in. */

import type { Change, Changes } from './changes.js'
import { RejoinError } from './errors.js'
import { checkCount, checkText } from './strings.js'

/**
 * Checks changes of `text`, and gives those that change something.
 *
 * @throws {@link RejoinError} `invalid-argument`, `invalid-offset`, `offset-out-of-bounds`, `offset-inside-pair`,
 *   `lone-surrogate`.
 */
export function checkChanges(changes: Changes, text: string): Change[] {
  if (!Array.isArray(changes)) {
    throw new RejoinError('invalid-argument', 'changes is to be an array of {from, to, insert}', { argument: 'changes' })
  }
  let at = 0
  const checked: Change[] = []
  for (const { from, to, insert } of changes as Changes) {
    checkCount('from', from)
    checkCount('to', to)
    checkText('insert', insert)
    if (from < at || to < from) {
      throw new RejoinError('invalid-argument', 'changes are to be ascending and must not overlap', { from, to, after: at })
    }
    at = to
    for (const offset of [from, to]) checkBoundary(text, offset)
    if (from < to || insert !== '') checked.push({ from, to, insert })
  }
  return checked
}

function checkBoundary(text: string, offset: number): void {
  if (offset > text.length) {
    throw new RejoinError(
      'offset-out-of-bounds',
      `offset ${offset} is past the end: the text has ${text.length} UTF-16 code units`,
      { offset, length: text.length },
    )
  }
  // In a text without lone surrogates, a low one here means the high one is before.
  const unit = text.charCodeAt(offset)
  if (unit >= 0xdc00 && unit <= 0xdfff) {
    throw new RejoinError('offset-inside-pair', `offset ${offset} is inside a surrogate pair; move it by one`, { offset })
  }
}
