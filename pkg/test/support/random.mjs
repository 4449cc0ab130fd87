// Seeded chance, so that a failure can be run again.

/** mulberry32: numbers in [0, 1). */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer in [0, n). */
export const below = (random, n) => Math.floor(random() * n)

/** One of these. */
export const pick = (random, items) => items[below(random, items.length)]

const CHARACTERS = ['a', 'b', 'ab', ' ', '\n', 'é', 'e\u0301', '😀', '👩‍👩‍👧', '中', '𝒳']

/** A short text with characters of every width. */
export function someText(random, most = 6) {
  let out = ''
  for (let n = below(random, most + 1); n > 0; n--) out += pick(random, CHARACTERS)
  return out
}

/** An offset of `text` that is not inside a surrogate pair. */
export function someOffset(random, text) {
  let at = below(random, text.length + 1)
  const unit = text.charCodeAt(at)
  if (unit >= 0xdc00 && unit <= 0xdfff) at--
  return at
}

/** A replaced range of `text`. */
export function someChange(random, text) {
  const [from, to] = [someOffset(random, text), someOffset(random, text)].sort((a, b) => a - b)
  const short = Math.min(to, from + 8)
  const unit = text.charCodeAt(short)
  return { from, to: unit >= 0xdc00 && unit <= 0xdfff ? short - 1 : short, insert: someText(random, 4) }
}
