// The real server, as a process of its own.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The server's binary: REJOIN_SERVER, or built here. A build that fails is a failure. */
export function binary() {
  if (process.env.REJOIN_SERVER) return process.env.REJOIN_SERVER
  execFileSync('cargo', ['build', '--quiet', '--profile', 'server', '-p', 'rejoin-server'], { cwd: root, stdio: 'inherit' })
  const metadata = execFileSync('cargo', ['metadata', '--format-version=1', '--no-deps'], { cwd: root, maxBuffer: 1 << 26 })
  return join(JSON.parse(metadata).target_directory, 'server', process.platform === 'win32' ? 'rejoin-server.exe' : 'rejoin-server')
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A running server. `data`: its folder; without one it keeps all in memory. */
export async function start(path, port, data, flags = []) {
  const child = spawn(path, ['--listen', `127.0.0.1:${port}`, ...(data ? ['--data', data] : ['--memory']), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  for (let i = 0; i < 100; i++) {
    assert.equal(child.exitCode, null, `the server ended: ${output}`)
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
    if (answer?.ok) return child
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill('SIGKILL')
  throw new Error(`the server does not answer: ${output}`)
}

export async function stop(child, signal = 'SIGKILL') {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

export async function until(holds) {
  for (let i = 0; i < 500; i++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.ok(holds(), String(holds))
}
