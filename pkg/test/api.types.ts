// What a user of the package writes, checked by the compiler only. Each @ts-expect-error is a promise too.
import { applyPatches, bindTextarea, Client, indexedDbStorage, init, mapOffset, memoryStorage, RejoinError, toPointer, webSocketTransport } from '../src/index.js'
import type { ChangeEvent, Changes, Conflict, Doc, DocStatus, ErrorCode, JsonOp, Path, StandardSchemaV1, Storage, Text, Unsubscribe, Value } from '../src/index.js'
import { json, text as type, type TextOp } from '../src/types.js'

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
  new Client({ storage: memoryStorage() })
}

interface Card {
  title: string
  votes: number
  notes?: string
  readonly tags: readonly string[]
}

interface Board {
  cards: Card[]
  done: Card[]
  owner: { name: string } | null
}

/** Documents with a type. */
export async function useJson(client: Client, element: HTMLTextAreaElement): Promise<void> {
  const doc = await client.open<Board>('board', { create: { cards: [], done: [], owner: null } })
  const title: string | undefined = doc.value.cards[0]?.title
  const card: Card = { title: 'Plan', votes: 0, tags: [] }

  doc.change((board, { move, increment, text }) => {
    board.cards.push({ title: 'Plan', votes: 0, tags: [] })
    const first = board.cards[0]
    if (first === undefined) return
    first.title = 'New'
    // What is readonly in the document can be written to in its draft.
    first.tags.push('x')
    increment(first, 'votes')
    text(first, 'notes').insert(0, title ?? '')
    move(board.cards, 0, board.done, 0)
    board.cards = board.cards.filter(({ votes }) => votes > 0)
    // @ts-expect-error a title is a string
    first.title = 7
    // @ts-expect-error no such field
    board.name = 'x'
  })
  doc.set(['cards', 0, 'title'], 'x')
  doc.set(['cards', 0, 'notes'], 'x')
  doc.set(['owner'], null)
  doc.insert(['done', 0], card)
  doc.insert('/done/-', card)
  doc.remove(['cards', 0], 2)
  doc.move(['cards', 0], '/done/0')
  doc.increment('/cards/0/votes', 2, { source: element })
  doc.submitOp(['cards', 0, 'votes', { ena: 1 }])
  bindTextarea(doc.text('/cards/0/notes'), element)
  doc.text(['cards', 0, 'notes']).on('change', ({ changes, origin }) => console.log(changes[0]?.insert, origin))
  // A path that is not known when the program is compiled.
  const path: Path = ['cards', 0]
  doc.set(path, card)
  const render: Unsubscribe = doc.subscribe(() => console.log(doc.value.owner?.name))
  render()
  let mirror = doc.value as unknown as Value
  doc.on('change', ({ patches, origin, source }) => {
    mirror = applyPatches(mirror, patches)
    for (const patch of patches) if (patch.op === 'text') console.log(toPointer(patch.path), patch.changes, origin, source)
  })
  doc.on('conflict', ({ kind, path: where, mine, theirs, winner }: Conflict) => {
    if (kind === 'RmMove' && winner === 'theirs') console.log(where, mine[0]?.value, theirs[0]?.to)
  })

  // @ts-expect-error a title is a string
  doc.set(['cards', 0, 'title'], 7)
  // @ts-expect-error no such field
  doc.set(['cards', 0, 'color'], 'red')
  // @ts-expect-error lists have indexes
  doc.set(['cards', 'first'], card)
  // @ts-expect-error a card has tags
  doc.insert(['done', 0], { title: 'x', votes: 1 })
  // @ts-expect-error the value is not for writing to
  doc.value = doc.value

  // Without a type, a document is any JSON.
  const any = await client.open('any', { create: { a: [1, { b: null }] } })
  const value: Value = any.value
  any.set(['a', 1, 'b'], value)

  // With a schema, it is what the schema lets pass.
  const typed = await client.open('typed', { schema: boardSchema })
  const name: string | undefined = typed.value.owner?.name
  typed.set(['owner'], { name: name ?? '' })
  // @ts-expect-error an owner has a name
  typed.set(['owner'], {})

  const op: JsonOp = json.transform(['a', { i: 1 }], ['b', { r: true }], 'left')
  json.apply({ b: 1 }, op)
  const tried = json.tryTransform(op, op, 'right')
  if (!tried.ok) console.log(tried.conflicts[0]?.left[0]?.at)
}

declare const boardSchema: StandardSchemaV1<unknown, Board>
