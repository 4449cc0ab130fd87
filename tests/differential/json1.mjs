// Answers diamonds, one JSON object a line, with what the published ot-json1 makes of them: both ops
// transformed, the documents both ways, and the type of the conflict that each side reports, if any.
import { createInterface } from 'node:readline'
import json1 from 'ot-json1'

const { type } = json1
const CONFLICTS = ['', 'RmUnexpectedContent', 'DropCollision', 'Blackhole']
const docOf = list => list[0]
const listOf = doc => (doc === undefined ? [] : [doc])

for await (const line of createInterface({ input: process.stdin })) {
  const { doc: list, left, right } = JSON.parse(line)
  const doc = docOf(list)
  let answer
  try {
    const conflict = (a, b, side) => CONFLICTS[type.tryTransform(a, b, side).conflict?.type ?? 0]
    const leftAfter = type.transformNoConflict(left, right, 'left')
    const rightAfter = type.transformNoConflict(right, left, 'right')
    answer = {
      ok: {
        left: leftAfter,
        right: rightAfter,
        docs: [
          listOf(type.apply(type.apply(doc, right), leftAfter)),
          listOf(type.apply(type.apply(doc, left), rightAfter)),
        ],
        conflicts: [conflict(left, right, 'left'), conflict(right, left, 'right')],
      },
    }
  } catch (error) {
    answer = { error: error.message }
  }
  console.log(JSON.stringify(answer))
}
