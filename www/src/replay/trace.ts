/** A recorded session in the editing-traces format: sequential, offsets in Unicode code points. */
export interface Trace {
  readonly name: string
  readonly start: string
  readonly end: string
  /** Each edit: offset in code points, code points deleted, text inserted. */
  readonly edits: readonly (readonly [number, number, string])[]
}

/** A file that is no such trace; the message is for people. */
export class TraceError extends Error {}

/** Reads `.json` or `.json.gz`, in the browser; nothing is uploaded. */
export async function readTrace(file: File): Promise<Trace> {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  const packed = head[0] === 0x1f && head[1] === 0x8b
  let data: unknown
  try {
    const stream = packed ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream()
    data = JSON.parse(await new Response(stream).text())
  } catch {
    throw new TraceError(`“${file.name}” is not a readable JSON${packed ? ' in gzip' : ''} file. Choose a trace like automerge-paper.json.gz from the editing-traces collection.`)
  }
  return checked(file.name, data)
}

function checked(name: string, data: unknown): Trace {
  const { startContent, endContent, txns } = (data ?? {}) as { startContent?: unknown; endContent?: unknown; txns?: unknown }
  if (typeof startContent !== 'string' || typeof endContent !== 'string' || !Array.isArray(txns)) {
    throw new TraceError(`“${name}” is not an editing trace: it needs startContent, endContent and txns.`)
  }
  const edits: [number, number, string][] = []
  for (const txn of txns as { patches?: unknown; parents?: unknown }[]) {
    if (Array.isArray(txn?.parents)) throw new TraceError(`“${name}” records branches of several writers. Choose the flattened version of it (its name ends in “_flat”).`)
    if (!Array.isArray(txn?.patches)) throw new TraceError(`“${name}” has a transaction without patches.`)
    for (const patch of txn.patches as unknown[]) {
      const [at, deleted, inserted] = Array.isArray(patch) ? (patch as unknown[]) : []
      if (!Number.isSafeInteger(at) || !Number.isSafeInteger(deleted) || typeof inserted !== 'string') throw new TraceError(`“${name}” has a patch that is not [offset, deleted, inserted].`)
      edits.push([at as number, deleted as number, inserted])
    }
  }
  return { name, start: startContent, end: endContent, edits }
}
