/**
 * `rejoin/inline`: the whole of `rejoin`, with the WebAssembly module inside the JavaScript. A third
 * larger, but there is no file to serve and nothing for a bundler to get wrong.
 *
 * @example
 * import { init, Client } from 'rejoin/inline'
 * await init()
 */

import { init as initFrom, initSync as initSyncFrom } from './init.js'
import { wasmBase64 } from './inline-wasm.js'

export * from './api.js'

/** Loads the engine from inside this file, off the main thread where the platform can. See `rejoin`'s `init`. */
export function init(): Promise<void> {
  return initFrom(bytes())
}

/** Loads the engine from inside this file, at once. Browsers' main threads may refuse: use {@link init} there. */
export function initSync(): void {
  initSyncFrom(bytes())
}

function bytes(): Uint8Array<ArrayBuffer> {
  const binary = atob(wasmBase64)
  const out = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i)
  return out
}
