/**
 * rejoin: edit offline, rejoin, lose nothing.
 *
 * @example
 * import { init, Client } from 'rejoin'
 *
 * await init()
 * const client = new Client({ url: 'ws://localhost:8080/sync' })
 * const doc = await client.open('notes/today')
 * doc.text().insert(0, 'Hello')
 * await doc.committed()
 */

export * from './api.js'
export { init, initSync, type WasmSource } from './init.js'
