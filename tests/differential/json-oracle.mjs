// Answers calls, one JSON object a line, with what the reference model of the JSON type says; the first
// argument is where the model is. Ops and documents come back as text, so that they are compared by bytes.
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const model = await import(pathToFileURL(process.argv[2]))

// The model leaves this one out: the published outcomes, and a remove may give way.
model.policies['merge+restore'] = { name: 'merge', mode: 'destroy', restore: true, loser: conflict => (conflict.type === 'Blackhole' ? 2 : 1) }

// JSON as rejoin writes it: keys in UTF-16 order, which is how JavaScript compares strings.
const text = value => {
  if (Array.isArray(value)) return `[${value.map(text)}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.keys(value).sort().map(key => `${JSON.stringify(key)}:${text(value[key])}`)}}`
}
// The model writes deleted text where it knows it, rejoin how much it was.
const counted = part => (typeof part.d === 'string' ? { d: [...part.d].length } : part)
const FIELDS = ['p', 'r', 'd', 'i', 'es', 'ena']
const op = wire => {
  if (Array.isArray(wire)) return `[${wire.map(op)}]`
  if (wire === null || typeof wire !== 'object') return JSON.stringify(wire)
  const value = field => text(field === 'es' ? wire.es.map(counted) : wire[field])
  return `{${FIELDS.filter(field => field in wire).map(field => `"${field}":${value(field)}`)}}`
}

// A document is a list of one value, or of none when it is absent.
const docOf = list => list[0]
const docText = doc => (doc === undefined ? 'absent' : text(doc))

const calls = {
  check: ({ op: a }) => (model.check(a), null),
  normalize: ({ op: a }) => op(model.normalize(a)),
  apply: ({ doc, op: a }) => docText(model.apply(docOf(doc), a)),
  compose: ({ first, then }) => op(model.compose(first, then)),
  invert: ({ op: a, doc }) => op(model.invert(a, docOf(doc))),
  /** Both sides of a diamond under each policy. The restoring ones need to know what the ops remove. */
  diamond({ doc: list, left, right, policies }) {
    const doc = docOf(list)
    const whole = [left, right].map(a => model.makeInvertible(a, doc))
    const under = policy => {
      const [a, b] = policy.includes('+restore') ? whole : [left, right]
      const merged = model.merge(a, b, policy)
      return { left: op(merged.left), right: op(merged.right), doc: docText(model.apply(doc, merged.op)), resolved: merged.conflicts }
    }
    return { conflicts: model.conflicts(left, right), under: Object.fromEntries(policies.map(policy => [policy, under(policy)])) }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { fn, ...args } = JSON.parse(line)
  let answer
  try {
    answer = { ok: calls[fn](args) }
  } catch (error) {
    answer = { error: error.code ?? error.stack }
  }
  console.log(JSON.stringify(answer))
}
