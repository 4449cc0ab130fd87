// The hand-made cases that every engine runs: tests/corpus/README.md says what each kind means.
import { readFileSync } from 'node:fs'

const CORPUS = new URL('../../../tests/corpus/text.jsonl', import.meta.url)

/** The lines. */
export const corpus = () => readFileSync(CORPUS, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line))

/** A line's title and, for an engine that cannot run it, the reason: what node:test takes. */
export const titled = ({ kind, name, skip }, engine) => [`${kind}: ${name}`, { skip: skip?.[engine] ?? false }]
