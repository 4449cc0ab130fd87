/**
 * How deeply data from outside is nested. The engine reads it by recursion, and a stack that overflows inside
 * WebAssembly takes the whole module down: such data must not cross.
 */

/** More than the server reads (128) and what is wrapped around a value in a message or a checkpoint. */
export const MOST_NESTING = 200

/** Whether JSON text nests deeper than {@link MOST_NESTING}. Cost: linear. */
export function textNestsTooDeep(json: string): boolean {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x22: // A string: what is in it does not count.
        for (i++; i < json.length && json.charCodeAt(i) !== 0x22; i++) if (json.charCodeAt(i) === 0x5c) i++
        break
      case 0x5b:
      case 0x7b:
        if (++depth > MOST_NESTING) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
  return false
}

/** Whether plain data nests deeper than {@link MOST_NESTING}; what contains itself does. Cost: linear. */
export function nestsTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= MOST_NESTING; depth++) {
    const next: unknown[] = []
    for (const each of level) {
      if (typeof each === 'object' && each !== null) for (const inner of Object.values(each)) next.push(inner)
    }
    if (next.length === 0) return false
    level = next
  }
  return true
}
