// What a user of the package writes, checked by the compiler only. Each @ts-expect-error is a promise too.
import { bindTextarea, Client, indexedDbStorage, init, mapOffset, memoryStorage, RejoinError, webSocketTransport } from '../src/index.js'
import type { ChangeEvent, Changes, Doc, DocStatus, ErrorCode, Storage, Text, Unsubscribe } from '../src/index.js'
import { text as type, type TextOp } from '../src/types.js'

export async function use(element: HTMLTextAreaElement): Promise<void> {
  await init()
  await init(fetch('/rejoin_bg.wasm'))
  const storage: Storage = indexedDbStorage('my-app', { persist: false })
  const client = new Client({ url: 'wss://example.org/sync', storage, token: async () => 'x', transport: webSocketTransport({ WebSocket }) })
  const doc: Doc = await client.open('notes/today', { create: '' })
  const text: Text = doc.text()
  const stop: Unsubscribe = doc.on('change', (event: ChangeEvent) => {
    const changes: Changes = event.changes
    const caret: number = mapOffset(changes, 3, 'after')
    text.delete(caret, 1)
  })
  doc.on('status', ({ link, revision, inflight, saved, storageError }: DocStatus) => {
    if (link === 'live' && saved && inflight === undefined) console.log(revision, storageError?.code)
  })
  client.on('storage-error', ({ doc: id, error }) => console.log(id, error.code))
  stop()
  const editor = {}
  const edits: Changes = [{ from: 0, to: 1, insert: '' }]
  text.change(edits, { source: editor })
  doc.on('change', ({ source }) => console.log(source === editor))
  // @ts-expect-error options are an object
  text.insert(0, 'x', editor, 1)
  await doc.committed({ signal: AbortSignal.timeout(1000) })
  const unbind: () => void = bindTextarea(text, element, { onError: (error) => console.log(error.details['offset']) })
  unbind()
  for (const { id, code, detail } of doc.rejected.list()) {
    console.log(code, detail)
    doc.rejected.discard(id)
  }
  await doc.close({ discardUnsaved: true })

  const op: TextOp = type.transform([1, 'x', { d: 2 }], ['y'], 'left')
  const presence = type.transformPresence({ index: 1, length: 2, name: 'A' }, op, false)
  console.log(presence.name)
  const result: string = type.apply(type.create('abc'), op)
  const code: ErrorCode = new RejoinError('closed', result).code

  // @ts-expect-error no such event
  doc.on('changed', () => {})
  // @ts-expect-error a side is left or right
  type.transform(op, op, 'up')
  // @ts-expect-error changes are not for writing
  mapOffset([], 0).changes = code
  // @ts-expect-error offsets are numbers
  text.insert('0', 'x')
  // @ts-expect-error a document's value is a string today
  await client.open('x', { create: 7 })
  new Client({ storage: memoryStorage() })
}
