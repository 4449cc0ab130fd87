// Reads calls, one JSON object a line, and answers each with what the published text type returns.
import { createInterface } from 'node:readline'
import ot from 'ot-text-unicode'

const { type } = ot
for await (const line of createInterface({ input: process.stdin })) {
  const { fn, args } = JSON.parse(line)
  console.log(JSON.stringify(type[fn](...args)))
}
