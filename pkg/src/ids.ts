/** Random names. */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-'

/**
 * A client id: the author of the ops of one document in one storage. 132 random bits, so that two never
 * meet; from the platform's generator, since ids drawn from a seeded one would be the same everywhere.
 */
export function randomClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(22))
  let id = ''
  for (const byte of bytes) id += ALPHABET.charAt(byte & 63)
  return id
}
