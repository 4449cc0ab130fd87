// Random JSON, and random ways to change it that work on a plain value and on a draft alike.
import { below, pick, someText } from './random.mjs'

const KEYS = ['a', 'b', 'c', 'd', '0', 'é😀']

export function someValue(random, depth = 3) {
  const kind = below(random, depth > 0 ? 9 : 5)
  switch (kind) {
    case 0:
      return null
    case 1:
      return random() < 0.5
    case 2:
    case 3:
      return below(random, 4)
    case 4:
      return someText(random, 3)
    case 5:
    case 6:
      return someObject(random, depth)
    default:
      return someList(random, depth)
  }
}

export function someObject(random, depth = 3) {
  const out = {}
  for (let n = below(random, 4); n > 0; n--) out[pick(random, KEYS)] = someValue(random, depth - 1)
  return out
}

export function someList(random, depth = 3) {
  return Array.from({ length: below(random, 5) }, () => someValue(random, depth - 1))
}

/** A document whose root can be drafted. */
export const someRoot = (random) => (random() < 0.7 ? { a: someList(random), ...someObject(random) } : someList(random))

/** Every container of a value, with its path. */
export function containers(value, path = []) {
  if (typeof value !== 'object' || value === null) return []
  return [[path, value], ...Object.keys(value).flatMap((key) => containers(value[key], [...path, key]))]
}

const at = (root, path) => path.reduce((value, key) => value?.[key], root)
const clone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

/** One change, as data: what to call where. A `{ part: path }` among the arguments stands for a part of the document. */
export function someMutation(random, root) {
  const [path, target] = pick(random, containers(root))
  const value = () => {
    if (random() > 0.2) return someValue(random, 2)
    return { part: pick(random, containers(root))[0] }
  }
  if (!Array.isArray(target)) {
    const key = pick(random, [...KEYS, ...Object.keys(target)])
    if (random() < 0.3) return { path, do: 'delete', args: [key] }
    return { path, do: 'assign', args: [key, random() < 0.1 ? undefined : nearly(random, target[key], value)] }
  }
  const n = target.length
  const index = () => below(random, n + 3) - 1
  switch (below(random, 14)) {
    case 0:
      return { path, do: 'push', args: Array.from({ length: below(random, 3) }, value) }
    case 1:
      return { path, do: 'pop', args: [] }
    case 2:
      return { path, do: 'shift', args: [] }
    case 3:
      return { path, do: 'unshift', args: Array.from({ length: below(random, 3) }, value) }
    case 4:
    case 5:
      return { path, do: 'splice', args: [index(), below(random, 3), ...Array.from({ length: below(random, 3) }, value)].slice(0, 1 + below(random, 5)) }
    case 6:
      return { path, do: 'sort', args: [] }
    case 7:
      return { path, do: 'sortBy', args: [below(random, 1000)] }
    case 8:
      return { path, do: 'reverse', args: [] }
    case 9:
      return { path, do: 'fill', args: [value(), index(), index()] }
    case 10:
      return { path, do: 'copyWithin', args: [index(), index(), index()] }
    case 11:
      return { path, do: 'length', args: [below(random, n + 1)] }
    case 12: {
      const i = below(random, n + 1)
      return { path, do: 'assign', args: [String(i), nearly(random, target[i], value)] }
    }
    default:
      return { path, do: 'filter', args: [below(random, 1000)] }
  }
}

/** Something new, or what was there with a small difference. */
function nearly(random, before, value) {
  if (typeof before !== 'object' || before === null || random() < 0.4) return value()
  const after = clone(before)
  for (let n = below(random, 3); n > 0; n--) {
    try {
      mutate(after, someMutation(random, after))
    } catch {
      // A change that does not fit; the value is as good without it.
    }
  }
  return after
}

/** Numbers that look as if they had no order, the same each time. */
const hash = (value, salt) => {
  let h = salt
  for (const c of JSON.stringify(value)) h = (h * 31 + c.charCodeAt(0)) % 997
  return h
}

/** Does a mutation on a plain value or on a draft. Parts of a plain document are copied, as a draft's are. */
export function mutate(root, { path, do: name, args }, isDraft = false) {
  const target = at(root, path)
  if (typeof target !== 'object' || target === null) return
  const part = (value) => (typeof value === 'object' && value !== null && 'part' in value ? at(root, value.part) : value)
  const given = args.map((value) => (isDraft ? part(value) : clone(part(value))))
  if (name !== 'assign' && name !== 'delete' && !Array.isArray(target)) return
  switch (name) {
    case 'assign': {
      const [key, value] = given
      if (Array.isArray(target) && (!(Number(key) <= target.length) || value === undefined)) return
      // undefined is no JSON: a key without a value.
      if (value === undefined && !isDraft) delete target[key]
      else target[key] = value
      return
    }
    case 'delete':
      if (!Array.isArray(target)) delete target[given[0]]
      return
    case 'length':
      if (given[0] <= target.length) target.length = given[0]
      return
    case 'sortBy':
      target.sort((a, b) => hash(a, given[0]) - hash(b, given[0]))
      return
    case 'filter': {
      const kept = target.filter((item) => hash(item, given[0]) % 3 > 0)
      if (path.length === 0) target.splice(0, target.length, ...kept)
      else at(root, path.slice(0, -1))[path.at(-1)] = kept
      return
    }
    default:
      if (given.includes(undefined)) return
      target[name](...given)
      // JSON is a tree: what stands in two places is two values.
      if (!isDraft && (name === 'fill' || name === 'copyWithin')) target.forEach((item, i) => (target[i] = clone(item)))
  }
}
