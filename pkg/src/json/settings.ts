/** What a document is created with besides its value. */

import { RejoinError } from '../errors.js'
import { checkText } from '../strings.js'
import { toValue, type Value } from './value.js'

/**
 * Who wins in a conflict.
 *
 * | policy | who |
 * |---|---|
 * | `keep` | what the server accepted first |
 * | `client` | what arrives last |
 * | `lww` | the later edit, by the clocks of the devices |
 * | `manual` | as `keep`; the `conflict` event is there to ask the user |
 * | `json1` | as the published `json1` has it |
 */
export type Policy = 'keep' | 'client' | 'lww' | 'manual' | 'json1'

/** The policy for a part of a document. */
export interface PolicySetting {
  /** A JSON Pointer in which `*` is any key; it holds for what is below, too. `''` is all of the document. */
  readonly path: string
  readonly policy: Policy
  /**
   * Whether a remove can lose, too: an edit in what was removed, if it wins, brings it back. Default: false, a remove wins
   * over edits of what it removes.
   */
  readonly restore?: boolean
}

/** What a document is created with besides its value; all who work on it have it alike, and it does not change. */
export interface DocSettings {
  /** Who wins in conflicts: the first whose path fits the value in question. Where none fits: `keep`. */
  readonly policies?: readonly PolicySetting[]
  /**
   * A JSON Schema. The server refuses an edit whose result does not satisfy it: that edit is taken back, alone, and goes to
   * `doc.rejected` as `schema-violation`.
   */
  readonly schema?: boolean | object
  /** The application's number for what its values look like. */
  readonly schemaVersion?: number
}

/** @throws {@link RejoinError} `invalid-argument`, `invalid-value`, `lone-surrogate`. */
export function settingsToWire(
  settings: DocSettings = {},
  schemaVersion: number | undefined,
): { readonly settings: Value; readonly schemaVersion: number | undefined } {
  // What the page works on is also what it creates.
  const created = settings.schemaVersion ?? schemaVersion
  checkVersion(created)
  checkVersion(schemaVersion)
  const wire: Record<string, Value> = {}
  if (settings.policies !== undefined) wire['policies'] = settings.policies.map(policyToWire)
  if (settings.schema !== undefined) wire['schema'] = toValue(settings.schema)
  if (created !== undefined) wire['schemaVersion'] = created
  return { settings: wire, schemaVersion: schemaVersion ?? settings.schemaVersion }
}

function policyToWire({ path, policy, restore = false }: PolicySetting): Value {
  checkText('path', path)
  checkText('policy', policy)
  return { path, policy, restore }
}

function checkVersion(version: number | undefined): void {
  if (version === undefined || (Number.isSafeInteger(version) && version >= 0)) return
  throw new RejoinError('invalid-argument', 'schemaVersion is to be an integer, not negative', { argument: 'schemaVersion' })
}
