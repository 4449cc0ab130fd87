// TypeScript → dist, and the wasm of pkg/generated as base64 for `rejoin/inline`.
// The wasm itself is built by `cargo xtask build`, which calls this.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const wasm = new URL('generated/rejoin_bg.wasm', root)
if (!existsSync(wasm)) {
  console.error('pkg/generated/rejoin_bg.wasm is missing: run `cargo xtask build` in the project, which makes it')
  process.exit(1)
}

rmSync(new URL('dist', root), { recursive: true, force: true })
const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
const { status } = spawnSync(process.execPath, [tsc], { cwd: fileURLToPath(root), stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const base64 = readFileSync(wasm).toString('base64')
writeFileSync(new URL('dist/inline-wasm.js', root), `export const wasmBase64 = '${base64}'\n`)
