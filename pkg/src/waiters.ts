/** Promises for a document reaching some point: saved, committed, synced. */

import { RejoinError } from './errors.js'
import type { EngineStatus } from './engine.js'

/**
 * What is waited for: that many edits stored on this device, that many decided by the server, or
 * nothing left to exchange.
 */
export type WaitKind = 'saved' | 'committed' | 'synced'

interface Waiter {
  readonly kind: WaitKind
  /** The count of edits to reach. */
  target: number
  readonly resolve: () => void
  readonly reject: (error: RejoinError) => void
}

/** The promises that wait on one document. */
export class Waiters {
  #waiting: Waiter[] = []

  /**
   * A promise that resolves once all edits made by now have reached the point. It rejects with
   * `aborted` when the signal fires first.
   */
  add(kind: WaitKind, status: EngineStatus, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal))
    const target = status.edits
    if (reached({ kind, target }, status)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter)
        if (signal !== undefined) reject(aborted(signal))
      }
      const done = () => signal?.removeEventListener('abort', onAbort)
      const waiter: Waiter = {
        kind,
        target,
        resolve: () => (done(), resolve()),
        reject: (error) => (done(), reject(error)),
      }
      this.#waiting.push(waiter)
      signal?.addEventListener('abort', onAbort)
    })
  }

  /** The status changed: resolves those that have reached their point. */
  check(status: EngineStatus): void {
    if (this.#waiting.length === 0) return
    for (const waiter of this.#take((candidate) => reached(candidate, status))) waiter.resolve()
  }

  /** Rejects those of these kinds. */
  fail(error: RejoinError, kinds: readonly WaitKind[]): void {
    for (const waiter of this.#take(({ kind }) => kinds.includes(kind))) waiter.reject(error)
  }

  /** Single edits can no longer be told apart: everyone waits for all of them. */
  raise(target: number): void {
    for (const waiter of this.#waiting) waiter.target = target
  }

  #take(which: (waiter: Waiter) => boolean): Waiter[] {
    const taken = this.#waiting.filter(which)
    if (taken.length > 0) this.#waiting = this.#waiting.filter((waiter) => !taken.includes(waiter))
    return taken
  }
}

function reached({ kind, target }: Pick<Waiter, 'kind' | 'target'>, status: EngineStatus): boolean {
  switch (kind) {
    case 'saved':
      return status.savedEdits >= target
    case 'committed':
      return status.committedEdits >= target
    case 'synced':
      return status.link === 'live' && !status.pending && typeof status.inflight !== 'number'
  }
}

function aborted(signal: AbortSignal): RejoinError {
  return new RejoinError('aborted', 'the wait was aborted', {}, signal.reason)
}
