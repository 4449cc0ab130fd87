import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const project = join(dirname(fileURLToPath(import.meta.url)), '../../..')

const binary = process.env.REJOIN_SERVER ?? join(project, 'target/server/rejoin-server')
const www = join(project, 'www/dist')

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** The real server, with the built page. `data` keeps documents over a restart; without it they live in memory. */
export class Server {
  #child
  #data

  static async start({ data } = {}) {
    if (!existsSync(binary)) throw new Error(`no server at ${binary}: build it, or name it in REJOIN_SERVER`)
    if (!existsSync(join(www, 'index.html'))) throw new Error('no built page: run `npm run build` in www')
    const server = new Server()
    server.#data = data
    server.port = await freePort()
    await server.up()
    return server
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`
  }

  /** Starts it (again) on the same port. */
  async up() {
    const store = this.#data ? ['--data', this.#data] : ['--memory']
    this.#child = spawn(binary, ['--listen', `127.0.0.1:${this.port}`, '--www', www, ...store], { stdio: ['ignore', 'ignore', 'inherit'] })
    for (let tries = 0; tries < 100; tries++) {
      if (this.#child.exitCode !== null) throw new Error(`the server ended with ${this.#child.exitCode}`)
      if (await fetch(this.url).then((answer) => answer.ok, () => false)) return
      await new Promise((wake) => setTimeout(wake, 50))
    }
    throw new Error('the server did not answer within 5 s')
  }

  /** As if its machine lost power. */
  async kill() {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}
