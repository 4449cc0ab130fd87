/** The page around a client: when it goes away, and when it is worth looking at the connection again. */

/** What is done about it. */
export interface PageEvents {
  /** The page is hidden, and may never run again. */
  hidden(): void
  /** The network came back, or the page was woken. */
  woke(): void
}

interface Listenable {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

/** Listens; outside browsers nothing happens. Returns the way to stop. */
export function watchPage(events: PageEvents): () => void {
  const { document, addEventListener } = globalThis as { document?: Document; addEventListener?: unknown }
  if (typeof addEventListener !== 'function') return () => {}
  const window = globalThis as unknown as Listenable
  const visibility = () => (document?.visibilityState === 'hidden' ? events.hidden() : events.woke())
  const subscriptions: [Listenable, string, () => void][] = [
    [window, 'pagehide', () => events.hidden()],
    [window, 'online', () => events.woke()],
    // A frozen network is noticed sooner by asking than by waiting for silence.
    [window, 'offline', () => events.woke()],
  ]
  if (document !== undefined) subscriptions.push([document, 'visibilitychange', visibility])
  for (const [target, type, listener] of subscriptions) target.addEventListener(type, listener)
  return () => {
    for (const [target, type, listener] of subscriptions) target.removeEventListener(type, listener)
  }
}
