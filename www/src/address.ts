/** The document id lives in the URL's hash, so that a link is all another browser needs to join. */

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10))
  return 'demo/' + Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('')
}

function fromHash(): string | null {
  const raw = location.hash.slice(1)
  if (!raw) return null
  try {
    const id = decodeURIComponent(raw)
    // The engine's own rule for document ids: 1 to 256 bytes, no control characters.
    return new TextEncoder().encode(id).length <= 256 && !/[\u0000-\u001f\u007f-\u009f]/.test(id) ? id : null
  } catch {
    return null
  }
}

/** The document this page shows; makes one up and writes it into the address when the link names none. */
export function currentDocument(): string {
  const id = fromHash()
  if (id) return id
  const fresh = randomId()
  history.replaceState(null, '', '#' + fresh)
  return fresh
}

/** Opens a new document, as a step in the browser's history. */
export function openNewDocument(): void {
  location.hash = randomId()
}

/** The link that another browser opens to join this document. */
export function shareLink(): string {
  return location.href
}
