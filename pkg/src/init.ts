/** Loading the WebAssembly module: fetched in browsers, read from the package in Node. */

import * as generated from '../generated/rejoin.js'
import { isInitialised, setEngine, type Engine } from './engine.js'
import { asRejoinError, RejoinError } from './errors.js'

/** Where the module may come from: a URL, a response, bytes, or a compiled module. */
export type WasmSource = URL | string | Request | Response | BufferSource | WebAssembly.Module

let loading: Promise<void> | undefined


/**
 * Loads the engine. Call it once before anything else; further calls, also concurrent ones, share the
 * first, and one after a failure tries again.
 *
 * Without `source` the module is found beside this file: fetched in browsers (Vite and webpack see the
 * URL and ship the file), read from disk in Node. Pass `source` to load it from elsewhere, or use
 * `rejoin/inline`, which carries it inside the JavaScript.
 *
 * Cost: one request of the module's size, and its compilation; nothing after that.
 *
 * @throws {@link RejoinError} `init-failed`.
 * @example
 * await init()
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  if (isInitialised()) return Promise.resolve()
  loading ??= load(source).catch((thrown: unknown) => {
    loading = undefined
    throw initFailed(thrown, source === undefined)
  })
  return loading
}

/**
 * Loads the engine from bytes or a compiled module, at once. For workers, and for servers that have
 * the bytes already. Browsers refuse large modules on the main thread: use {@link init} there.
 *
 * @throws {@link RejoinError} `init-failed`.
 * @example
 * initSync(readFileSync(new URL(import.meta.resolve('rejoin/rejoin_bg.wasm'))))
 */
export function initSync(source: BufferSource | WebAssembly.Module): void {
  if (isInitialised()) return
  try {
    ready(generated.initSync({ module: source as BufferSource }))
  } catch (thrown) {
    throw initFailed(thrown)
  }
}

async function load(source: WasmSource | Promise<WasmSource> | undefined): Promise<void> {
  const from = (await source) ?? (await beside())
  // An initSync while this waited has done the work.
  if (isInitialised()) return
  ready(await generated.default({ module_or_path: from as string }))
}

async function beside(): Promise<WasmSource> {
  const url = besideUrl()
  if (url.protocol !== 'file:' || !isNode()) return url
  // Node's fetch does not read files. Bundlers for browsers must not look for this module.
  const { readFile } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ nodeFs())) as {
    readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>
  }
  return readFile(url)
}

/**
 * The module beside this file. Bundlers know this form, ship the file, and put its new address here. Not at
 * the top: where `import.meta` is empty it throws, and importing must not.
 */
function besideUrl(): URL {
  return new URL('../generated/rejoin_bg.wasm', import.meta.url)
}

/** Not a literal, so that no bundler resolves it for a browser. */
function nodeFs(): string {
  return 'node:fs/promises'
}

/** Node, Bun and Deno, and not a browser in which something defined `process`. */
function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  return typeof process?.versions?.node === 'string'
}

function ready(exports: object): void {
  setEngine(generated as unknown as Engine, (exports as { __stack_pointer?: WebAssembly.Global }).__stack_pointer)
}

function initFailed(thrown: unknown, wasBeside = false): RejoinError {
  const error = asRejoinError(thrown, 'init-failed', 'the WebAssembly module could not be loaded')
  if (!wasBeside || typeof import.meta.url !== 'string') return error
  const { href } = besideUrl()
  const hint =
    `it was looked for at ${href}. Where a bundler moved the code away from it (Vite before 8 does: ` +
    "set optimizeDeps: { exclude: ['rejoin'] }), pass its address to init(), or import from rejoin/inline"
  return new RejoinError('init-failed', `${error.message}; ${hint}`, { url: href }, thrown)
}
