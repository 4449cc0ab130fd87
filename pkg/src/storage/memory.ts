/** A storage that ends with this program. */

import { RejoinError } from '../errors.js'
import type { Storage, StoredDoc } from './port.js'

/**
 * Keeps documents in memory: for servers, tests, and pages that may not store anything. "Saved" means
 * until this program ends.
 *
 * Documents stay after `close()`, so handing the same storage to a later client restores them.
 */
export function memoryStorage(): Storage {
  const docs = new Map<string, StoredDoc>()
  return {
    durable: false,
    load: async (doc) => {
      const stored = docs.get(doc)
      // A copy: what is loaded must not change when the storage does.
      return stored && { checkpoint: stored.checkpoint, entries: [...stored.entries] }
    },
    write: async (doc, { checkpoint, entries }) => {
      const stored = docs.get(doc)
      if (checkpoint !== undefined) docs.set(doc, { checkpoint, entries: [...entries] })
      else if (stored === undefined) {
        throw new RejoinError('storage-conflict', `nothing is stored of ${doc} that entries could follow`, { doc })
      } else for (const entry of entries) (stored.entries as unknown[]).push(entry)
    },
    list: async () => [...docs.keys()],
    remove: async (doc) => void docs.delete(doc),
    close: async () => {},
  }
}
