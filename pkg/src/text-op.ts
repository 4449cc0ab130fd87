/** Text ops, which count Unicode scalars, as changes, which count UTF-16 code units. */

import type { Change, Changes } from './changes.js'
import type { TextComponent, TextOp } from './engine.js'

/** What `op` does to `before`, as changes. Cost: linear in `before`. */
export function changesOfOp(op: TextOp, before: string): Change[] {
  const changes: Change[] = []
  let at = 0
  let open: { from: number; insert: string } | undefined
  const close = () => {
    if (open !== undefined) changes.push({ from: open.from, to: at, insert: open.insert })
    open = undefined
  }
  for (const component of op) {
    if (typeof component === 'number') {
      close()
      at = skip(before, at, component)
    } else {
      open ??= { from: at, insert: '' }
      if (typeof component === 'string') open.insert += component
      else at = skip(before, at, typeof component.d === 'number' ? component.d : scalars(component.d))
    }
  }
  close()
  return changes
}

/** What `changes` do to `before`, as an op in canonical form; none of them is empty. Cost: linear in `before`. */
export function opOfChanges(changes: Changes, before: string): TextOp {
  const op: TextComponent[] = []
  let at = 0
  let insert = ''
  let deleted = 0
  const close = () => {
    if (insert !== '') op.push(insert)
    if (deleted > 0) op.push({ d: deleted })
    insert = ''
    deleted = 0
  }
  for (const change of changes) {
    if (change.from > at) {
      close()
      op.push(scalars(before.slice(at, change.from)))
    }
    insert += change.insert
    deleted += scalars(before.slice(change.from, change.to))
    at = change.to
  }
  close()
  return op
}

/** The offset `count` scalars after the offset `at`. */
function skip(text: string, at: number, count: number): number {
  for (; count > 0; count--) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

/** The length of a string in scalars. */
export function scalars(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
