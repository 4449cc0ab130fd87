/**
 * Small settings of the page (theme, which panes are offline, the drawn timeline). Documents and queued edits are
 * not kept here: those are rejoin's, in IndexedDB. `localStorage` can be missing or refuse; the page then forgets
 * its settings on reload and goes on.
 */
const PREFIX = 'rejoin-demo/'

function area(kind: 'local' | 'session'): Storage | null {
  try {
    return kind === 'local' ? window.localStorage : window.sessionStorage
  } catch {
    return null
  }
}

/** Reads a setting, or `null` when it is missing or unreadable. */
export function read<T>(key: string, kind: 'local' | 'session' = 'local'): T | null {
  try {
    const raw = area(kind)?.getItem(PREFIX + key)
    return raw == null ? null : (JSON.parse(raw) as T)
  } catch {
    return null
  }
}

/** Writes a setting; `null` removes it. */
export function write(key: string, value: unknown, kind: 'local' | 'session' = 'local'): void {
  try {
    if (value === null) area(kind)?.removeItem(PREFIX + key)
    else area(kind)?.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Full or refused: a setting is not worth an error message.
  }
}

/** Drops all but the `keep` newest settings under a folder; each value must carry `savedAt` in milliseconds. */
export function prune(folder: string, keep: number): void {
  const store = area('local')
  if (!store) return
  const found: { key: string; savedAt: number }[] = []
  for (let i = 0; i < store.length; i++) {
    const key = store.key(i)
    if (!key?.startsWith(PREFIX + folder)) continue
    const value = read<{ savedAt?: number }>(key.slice(PREFIX.length))
    found.push({ key, savedAt: value?.savedAt ?? 0 })
  }
  found.sort((a, b) => b.savedAt - a.savedAt)
  for (const { key } of found.slice(keep)) store.removeItem(key)
}
