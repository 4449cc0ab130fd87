/**
 * Documents in IndexedDB.
 *
 * Format 1 (the database version): one object store, `log`, with keys `[doc, n]`, n counting up. Each
 * record is one write: `{format: 1, checkpoint?, entries}`. A write with a checkpoint deletes the records
 * before it in the same transaction, so a document's first record always has one.
 */

import type { DBSchema, IDBPDatabase, IDBPObjectStore } from 'idb'
import { openDB } from 'idb'
import { RejoinError, type ErrorCode } from '../errors.js'
import type { Entry } from '../engine.js'
import type { Storage, StoredDoc, StoredWrite } from './port.js'

/** The format written by this version. Databases of a newer one are left alone. */
const FORMAT = 1

/** How long a lock is waited for: on reload the page before may still hold it for a moment. */
const LOCK_PATIENCE = 3000

interface LogRecord {
  readonly format: number
  readonly checkpoint?: unknown
  readonly entries: readonly Entry[]
}

interface Schema extends DBSchema {
  log: { key: [doc: string, n: number]; value: LogRecord }
}

/** Options of {@link indexedDbStorage}. */
export interface IndexedDbOptions {
  /**
   * Whether to ask the browser to keep this site's data when space runs low (`navigator.storage.persist`).
   * Some browsers ask the user. Default: true.
   */
  readonly persist?: boolean
}

/**
 * Keeps documents in the browser's IndexedDB database `name`. Each write is one transaction with strict
 * durability: once it resolves it would survive a power cut.
 *
 * A document can be open in one tab at a time (Web Locks, where the browser has them); a second tab gets
 * `storage-in-use`. Give each independent part of a page its own name.
 *
 * Nothing is opened before the first use, so this can be called on a server.
 */
export function indexedDbStorage(name = 'rejoin', options: IndexedDbOptions = {}): Storage {
  return new IndexedDbStorage(name, options)
}

class IndexedDbStorage implements Storage {
  readonly durable = true
  readonly #name: string
  readonly #options: IndexedDbOptions
  #db: Promise<IDBPDatabase<Schema>> | undefined
  /** For each document, the number of the last record this page knows of: 0 for none. */
  readonly #last = new Map<string, number>()

  constructor(name: string, options: IndexedDbOptions) {
    this.#name = name
    this.#options = options
  }

  load(doc: string): Promise<StoredDoc | undefined> {
    return this.#run('read', async (db) => {
      const tx = db.transaction('log')
      const [keys, records] = await Promise.all([tx.store.getAllKeys(rangeOf(doc)), tx.store.getAll(rangeOf(doc))])
      this.#last.set(doc, keys.at(-1)?.[1] ?? 0)
      return records.length === 0 ? undefined : readLog(doc, records)
    })
  }

  write(doc: string, { checkpoint, entries }: StoredWrite): Promise<void> {
    return this.#run('write', async (db) => {
      const tx = db.transaction('log', 'readwrite', { durability: 'strict' })
      const outcome = tx.done.then(
        () => undefined,
        (thrown: unknown) => ({ thrown }),
      )
      let failure: { thrown: unknown } | undefined
      let last = 0
      try {
        last = await this.#lastKnown(tx.store, doc)
        if (last === 0 && checkpoint === undefined) throw conflict(doc, 'its stored copy is gone')
        await tx.store.add({ format: FORMAT, ...(checkpoint === undefined ? {} : { checkpoint }), entries }, [doc, last + 1])
        if (checkpoint !== undefined && last > 0) await tx.store.delete(IDBKeyRange.bound([doc], [doc, last]))
      } catch (thrown) {
        failure = { thrown }
        abort(tx)
      }
      // Only the transaction knows of a disk that was full at commit.
      const aborted = await outcome
      if (failure?.thrown instanceof RejoinError) throw failure.thrown
      if (aborted !== undefined) throw tx.error ?? failure?.thrown ?? aborted.thrown
      this.#last.set(doc, last + 1)
    })
  }

  list(): Promise<string[]> {
    return this.#run('read', async (db) => {
      const docs: string[] = []
      let cursor = await db.transaction('log').store.openKeyCursor()
      while (cursor !== null) {
        const [doc] = cursor.key
        docs.push(doc)
        // Arrays sort after numbers: this is past every record of the document.
        cursor = await cursor.continue([doc, []] as unknown as [string, number])
      }
      return docs
    })
  }

  remove(doc: string): Promise<void> {
    return this.#run('write', async (db) => {
      const tx = db.transaction('log', 'readwrite', { durability: 'strict' })
      await Promise.all([tx.store.delete(rangeOf(doc)), tx.done])
      this.#last.set(doc, 0)
    })
  }

  async lock(doc: string): Promise<() => void> {
    const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
    if (locks === undefined) return () => {}
    return new Promise((resolve, reject) => {
      const patience = new AbortController()
      const timer = setTimeout(() => patience.abort(), LOCK_PATIENCE)
      locks
        .request(`rejoin:${this.#name}:${doc}`, { signal: patience.signal }, () => {
          clearTimeout(timer)
          return new Promise<void>((release) => resolve(() => release()))
        })
        .catch((thrown: unknown) => {
          clearTimeout(timer)
          reject(
            patience.signal.aborted
              ? new RejoinError('storage-in-use', `${doc} is open in another tab; close it there first`, { doc })
              : classified('write', thrown),
          )
        })
    })
  }

  async close(): Promise<void> {
    const db = this.#db
    this.#db = undefined
    await db?.then(
      (opened) => opened.close(),
      () => {},
    )
  }

  /** The number of the document's last record, which must be the last that this page knows of. */
  async #lastKnown(store: IDBPObjectStore<Schema, ['log'], 'log', 'readwrite'>, doc: string): Promise<number> {
    const last = (await store.openKeyCursor(rangeOf(doc), 'prev'))?.key[1] ?? 0
    if (last !== (this.#last.get(doc) ?? last)) throw conflict(doc, 'another tab wrote it')
    return last
  }

  async #run<T>(what: 'read' | 'write', use: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    const db = await this.#open()
    try {
      return await use(db)
    } catch (thrown) {
      throw classified(what, thrown)
    }
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#db ??= this.#openNow().catch((thrown: unknown) => {
      // The next use tries again: the user may have freed space or closed the other tab.
      this.#db = undefined
      throw thrown
    })
    return this.#db
  }

  async #openNow(): Promise<IDBPDatabase<Schema>> {
    if (typeof indexedDB === 'undefined') {
      throw new RejoinError('storage-refused', 'this JavaScript has no IndexedDB; pass storage: memoryStorage()')
    }
    const name = this.#name
    let blocked: (error: RejoinError) => void = () => {}
    const blocking = new Promise<never>((_, reject) => (blocked = reject))
    let opening: Promise<IDBPDatabase<Schema>> | undefined
    let db: IDBPDatabase<Schema>
    try {
      opening = openDB<Schema>(name, FORMAT, {
        upgrade: (made) => void made.createObjectStore('log'),
        blocked: () =>
          blocked(new RejoinError('storage-blocked', `another tab keeps an older format of ${name} open: close it`, { name })),
        // A newer version in another tab wants to change the format: do not stand in its way.
        blocking: () => void this.close(),
        terminated: () => (this.#db = undefined),
      })
      db = await Promise.race([opening, blocking])
    } catch (thrown) {
      // Should it open after all, nobody waits for it any more.
      opening?.then((late) => late.close()).catch(() => {})
      throw classified('open', thrown)
    }
    if (!db.objectStoreNames.contains('log')) {
      db.close()
      throw new RejoinError('storage-corrupt', `the database ${name} is not one of rejoin's`, { name })
    }
    if (this.#options.persist !== false) askToPersist()
    return db
  }
}

/** Best effort: browsers decide by rules of their own, and a no is no error. */
function askToPersist(): void {
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage
  storage?.persist?.().catch(() => {})
}

function rangeOf(doc: string): IDBKeyRange {
  return IDBKeyRange.bound([doc], [doc, []])
}

/** A transaction that has ended already cannot be aborted; that is as good. */
function abort(tx: { abort(): void }): void {
  try {
    tx.abort()
  } catch {
    // Ended.
  }
}

function readLog(doc: string, records: readonly LogRecord[]): StoredDoc {
  for (const record of records) {
    if (typeof record !== 'object' || record === null || !Array.isArray(record.entries)) {
      throw new RejoinError('storage-corrupt', `the stored copy of ${doc} is damaged: a record has no entries`, { doc })
    }
    if (record.format !== FORMAT) {
      const newer = typeof record.format === 'number' && record.format > FORMAT
      throw new RejoinError(
        newer ? 'storage-newer' : 'storage-corrupt',
        newer
          ? `stored format ${record.format} is newer than ${FORMAT}, the newest this version reads: update rejoin`
          : `the stored copy of ${doc} is damaged: a record has no format`,
        { doc, found: record.format, supported: FORMAT },
      )
    }
  }
  const checkpoint = records[0]?.checkpoint
  if (checkpoint === undefined) {
    throw new RejoinError('storage-corrupt', `the stored copy of ${doc} is damaged: it has no checkpoint`, { doc })
  }
  return { checkpoint, entries: records.flatMap((record) => record.entries) }
}

function conflict(doc: string, why: string): RejoinError {
  return new RejoinError('storage-conflict', `${doc} was not written: ${why} since it was loaded here`, { doc })
}

/** What an IndexedDB failure means to us. */
function classified(what: 'open' | 'read' | 'write', thrown: unknown): RejoinError {
  if (thrown instanceof RejoinError) return thrown
  const { name = '', message = String(thrown) } = (thrown ?? {}) as { name?: string; message?: string }
  const code = codeOf(what, name)
  return new RejoinError(code, `IndexedDB could not ${what}: ${name}: ${message}`, { reason: name }, thrown)
}

function codeOf(what: 'open' | 'read' | 'write', name: string): ErrorCode {
  if (name === 'QuotaExceededError') return 'storage-full'
  if (name === 'VersionError') return 'storage-newer'
  return what === 'open' ? 'storage-refused' : 'storage-failed'
}
