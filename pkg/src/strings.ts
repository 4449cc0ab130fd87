/** Checks of what JavaScript may pass and the engine cannot hold. */

import { RejoinError } from './errors.js'

/**
 * Checks that a string has no half of a surrogate pair. WebAssembly would silently turn one into U+FFFD.
 *
 * @throws {@link RejoinError} `lone-surrogate` with `details.offset`, in UTF-16 code units;
 *   `invalid-argument` when it is no string.
 */
export function checkText(argument: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw new RejoinError('invalid-argument', `${argument} is to be a string`, { argument })
  }
  const native = (value as { isWellFormed?: () => boolean }).isWellFormed
  if (native !== undefined && native.call(value)) return
  const offset = loneSurrogate(value)
  if (offset !== -1) {
    throw new RejoinError('lone-surrogate', `lone surrogate at offset ${offset}; send whole characters`, { argument, offset })
  }
}

/** More than the longest string of any JavaScript, and so small that two of them add up in 32 bits. */
const MOST = 2 ** 31 - 1

/**
 * Checks an offset or a count.
 *
 * @throws {@link RejoinError} `invalid-offset`, `offset-out-of-bounds`. WebAssembly would silently make 0 of NaN, and 1 of 1.5.
 */
export function checkCount(argument: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RejoinError('invalid-offset', `${argument} is to be a non-negative integer, and is ${String(value)}`, {
      argument,
      value,
    })
  }
  // WebAssembly would silently take it modulo 2³².
  if ((value as number) > MOST) {
    throw new RejoinError('offset-out-of-bounds', `${argument} is ${String(value)}, more than any text is long`, {
      argument,
      offset: value,
      length: MOST,
    })
  }
}

/** How many bytes a text without lone surrogates takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Half a pair takes two of the pair's four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

/** The offset of the first lone surrogate; -1 when there is none. */
function loneSurrogate(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0xd800 || unit > 0xdfff) continue
    const next = text.charCodeAt(i + 1)
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return i
    i++
  }
  return -1
}
