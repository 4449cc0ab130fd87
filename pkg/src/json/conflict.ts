/** Conflicts: where two edits could not both have their way. */

import type { Path } from './path.js'
import type { Policy } from './settings.js'
import type { Value } from './value.js'

/**
 * What kind of conflict it is.
 *
 * | kind | what met |
 * |---|---|
 * | `RmMove` | one removed what the other moved |
 * | `RmRescue` | one removed a value, the other moved a part of it out |
 * | `RmUnexpectedContent` | one removed a value, the other edited something in it, or put something into it |
 * | `MoveMove` | both moved one value, to different places |
 * | `DropCollision` | both put a value under one key |
 * | `Blackhole` | moves that would put values into each other |
 * | `Occupied` | a value was to go where another one stayed, because its move had lost |
 * | `OwnCycle` | a move relied on another one that had lost |
 */
export type ConflictKind =
  | 'RmMove'
  | 'RmRescue'
  | 'RmUnexpectedContent'
  | 'MoveMove'
  | 'DropCollision'
  | 'Blackhole'
  | 'Occupied'
  | 'OwnCycle'

/** What one side did. */
export interface ConflictPart {
  readonly do: 'edit' | 'insert' | 'move' | 'remove'
  /** Where: a move or remove in the document before both edits, an edit or insert in the document after its own. */
  readonly at: Path
  /** Where a move went, in the document after its own edit. */
  readonly to?: Path
  /** How many neighbouring items of a list it was; 1 unless told. The paths are those of the first. */
  readonly count?: number
  /** What it inserted, moved or edited, as it was after that; what it removed, as the other side had it. */
  readonly value?: Value
}

/**
 * A conflict that was resolved, as a `conflict` event tells. Nothing that lost is lost silently: what each side
 * did is here, with the values.
 *
 * @example
 * doc.on('conflict', ({ kind, path, mine, theirs, winner }) => {
 *   if (winner === 'theirs') showLost(path, mine[0].value)
 * })
 */
export interface Conflict {
  readonly kind: ConflictKind
  /** Where it is about, in the document as it is now: the value, or where it would be, as far as there is a way. */
  readonly path: Path
  /** By which policy of the document's settings it was resolved; `manual` asks the user to have the last word. */
  readonly policy: Policy
  /** What this device's edit did: one part, but for a cycle of moves. */
  readonly mine: readonly ConflictPart[]
  /** What the other's edit did. */
  readonly theirs: readonly ConflictPart[]
  /** Whose edit holds; `'neither'` where both had to give way. */
  readonly winner: 'mine' | 'theirs' | 'neither'
}

/** A conflict between two ops, neither of which is anybody's. */
export interface OpConflict {
  readonly kind: ConflictKind
  readonly left: readonly ConflictPart[]
  readonly right: readonly ConflictPart[]
}
