/** Checking local changes by a Standard Schema validator (standardschema.dev). */

import { RejoinError } from '../errors.js'
import type { Value } from './value.js'

/**
 * A validator of any library that speaks Standard Schema, such as Zod, Valibot or ArkType. This is the part of
 * the published interface that is used here, copied as its authors invite to: no dependency is needed.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a validator says. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What is wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The type of the values that a schema lets pass. */
export type InferOutput<Schema extends StandardSchemaV1> = NonNullable<Schema['~standard']['types']>['output']

/**
 * Checks what local changes would make of a document.
 *
 * The document is not what the validator returns but what was checked: defaults and conversions of a schema do not
 * reach it. Issues that the document has already (others may have an older schema) do not count, or nobody could
 * edit, not even to mend them.
 */
export class SchemaCheck {
  readonly #schema: StandardSchemaV1
  /** The last value that passed: the next one's before, as a rule. */
  #passed: Value | undefined

  /** @throws {@link RejoinError} `invalid-argument` when this is no schema. */
  constructor(schema: StandardSchemaV1) {
    const standard = (schema as Partial<StandardSchemaV1> | undefined)?.['~standard']
    if (standard?.version !== 1 || typeof standard.validate !== 'function') {
      throw new RejoinError('invalid-argument', 'schema is to be a Standard Schema, version 1', { argument: 'schema' })
    }
    this.#schema = schema
  }

  /**
   * Checks `after`; `before` is the document as it is. Cost: the validator's, twice when something is wrong.
   *
   * @throws {@link RejoinError} `schema-violation` with `details.issues`; `schema-async` when the validator is
   *   asynchronous: an edit shows at once, so whether it may be made is to be known at once.
   */
  check(before: Value | undefined, after: Value | undefined): void {
    const issues = this.#issues(after)
    if (issues.length > 0) {
      const known = this.#passed !== undefined && before === this.#passed ? [] : this.#issues(before).map(name)
      const fresh = issues.filter((issue) => !known.includes(name(issue)))
      const [first] = fresh
      if (first !== undefined) {
        const more = fresh.length > 1 ? `, and ${fresh.length - 1} more` : ''
        throw new RejoinError('schema-violation', `the schema refuses this change: ${name(first)}${more}`, { issues: fresh })
      }
    } else this.#passed = after
  }

  #issues(value: Value | undefined): readonly SchemaIssue[] {
    const result = this.#schema['~standard'].validate(value)
    if (typeof (result as PromiseLike<unknown>).then === 'function') {
      // Whatever it comes to is not waited for.
      Promise.resolve(result).catch(() => {})
      throw new RejoinError('schema-async', 'the schema has asynchronous checks: an edit is to be decided at once, so give it synchronous ones', {
        vendor: this.#schema['~standard'].vendor,
      })
    }
    return (result as SchemaResult<unknown>).issues ?? []
  }
}

function name({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return keys.length === 0 ? message : `${message} (at ${keys.join('.')})`
}
