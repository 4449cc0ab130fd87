import { read, write } from './prefs'

/**
 * One browser profile has one IndexedDB for all its tabs, and a rejoin client must be the only one on its storage.
 * So each open tab takes a numbered slot (a Web Lock held until the tab goes), and its two panes use that slot's
 * storage. The first tab gets slot 1, always the same storage; a second tab is two more devices, not a clone.
 */
const LIMIT = 32

/** Takes a free slot for the life of this tab, preferring the one it had before a reload. */
export async function takeSlot(): Promise<string> {
  if (!navigator.locks) return lonely()
  const before = read<string>('slot', 'session')
  // After a reload the old page may still be letting go of its lock for a moment.
  if (before && (await hold(before, 1500))) return remember(before)
  for (let n = 1; n <= LIMIT; n++) if (await hold(String(n), 0)) return remember(String(n))
  return lonely()
}

function remember(slot: string): string {
  write('slot', slot, 'session')
  return slot
}

/** Without Web Locks (a page that is not a secure context) a slot of this tab's own is the safe choice. */
function lonely(): string {
  const before = read<string>('slot', 'session')
  if (before) return before
  return remember('x' + Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => b.toString(16).padStart(2, '0')).join(''))
}

function hold(slot: string, waitMilliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const name = `rejoin-demo-slot-${slot}`
    const forever = () => new Promise<never>(() => resolve(true))
    if (waitMilliseconds === 0) {
      void navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? forever() : resolve(false)))
      return
    }
    const signal = AbortSignal.timeout(waitMilliseconds)
    navigator.locks.request(name, { signal }, forever).catch(() => resolve(false))
  })
}
