/** Paths: where in a document a value is. */

import { RejoinError } from '../errors.js'
import { checkKey, child, isContainer, isList, MAX_DEPTH, type Value } from './value.js'

/** One step: the key of an object, or the index of a list item. */
export type Key = string | number

/** The steps from the root to a value; `[]` is the root. */
export type Path = readonly Key[]

/**
 * A {@link Path}, or a JSON Pointer (RFC 6901): `['cards', 0, 'title']` is `'/cards/0/title'`, and `''` is the
 * root. In a pointer, `-` stands for the end of a list.
 */
export type PathLike = Path | string

/**
 * The type of the value at a path: `At<Board, ['cards', number, 'title']>` is `string`. Of what is not known
 * when the program is compiled, such as a JSON Pointer, `unknown`.
 */
export type At<T, P extends PathLike> = P extends readonly [infer K, ...infer Rest extends Path]
  ? At<Child<T, K>, Rest>
  : P extends readonly []
    ? T
    : unknown

type Child<T, K> = T extends readonly (infer Item)[]
  ? K extends number
    ? Item
    : never
  : K extends keyof T
    ? Exclude<T[K], undefined>
    : never

/**
 * A path as a JSON Pointer.
 *
 * @example
 * toPointer(['cards', 0, 'a/b']) // '/cards/0/a~1b'
 */
export function toPointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The place a path leads to, in one state of a document. */
export interface Place {
  /** With indexes as numbers. */
  readonly path: Path
  /** The value there; `undefined` when there is none yet. */
  readonly value: Value | undefined
  /** The container of it; `undefined` for the root. */
  readonly container: Value | undefined
}

/**
 * Finds a place: everything on the way has to be there, the value itself need not.
 *
 * @throws {@link RejoinError} `invalid-path`, `path-not-found`.
 */
export function findPlace(root: Value | undefined, path: PathLike): Place {
  const keys = typeof path === 'string' ? parsePointer(path) : path
  if (!Array.isArray(keys)) throw new RejoinError('invalid-path', 'a path is a list of keys, or a JSON Pointer', { path })
  if (keys.length > MAX_DEPTH) throw new RejoinError('invalid-path', `a path has at most ${MAX_DEPTH} steps`, { path })
  const found: Key[] = []
  let value = root
  let container: Value | undefined
  for (const key of keys as Path) {
    if (!isContainer(value)) throw notFound(found, path)
    found.push(typeof path === 'string' ? pointerKey(key as string, value, path) : ownKey(key, value, path))
    container = value
    value = child(value, found.at(-1) as Key)
  }
  return { path: found, value, container }
}

/**
 * The value at a place.
 *
 * @throws {@link RejoinError} `invalid-path`, `path-not-found`.
 */
export function findValue(root: Value | undefined, path: PathLike): Place & { readonly value: Value } {
  const place = findPlace(root, path)
  if (place.value === undefined) throw notFound(place.path, path)
  return place as Place & { value: Value }
}

function notFound(at: Path, path: PathLike): RejoinError {
  const where = at.length === 0 ? 'the document' : toPointer(at)
  return new RejoinError('path-not-found', `there is no ${typeof path === 'string' ? path : toPointer(path)}: it ends at ${where}`, {
    path,
    at,
  })
}

/** A key of a path, which has to be of the container's kind: an index that is a string would be a mistake. */
function ownKey(key: unknown, container: Value, path: PathLike): Key {
  if (isList(container)) {
    if (Number.isSafeInteger(key) && (key as number) >= 0) return key as number
    throw new RejoinError('invalid-path', `${String(key)} is no index of a list: indexes are numbers from 0 on`, { path, key })
  }
  if (typeof key === 'string') {
    checkKey(key)
    return key
  }
  throw new RejoinError('invalid-path', `${String(key)} is no key of an object: keys are strings`, { path, key })
}

function pointerKey(key: string, container: Value, path: PathLike): Key {
  if (!isList(container)) {
    checkKey(key)
    return key
  }
  if (key === '-') return container.length
  if (/^(0|[1-9]\d{0,14})$/.test(key)) return Number(key)
  throw new RejoinError('invalid-path', `${key} is no index of a list`, { path, key })
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) {
    throw new RejoinError('invalid-path', `a JSON Pointer starts with a slash; ${pointer} is '/${pointer}', or pass a list of keys`, {
      path: pointer,
    })
  }
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}
