import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function executable() {
  if (process.env.CHROME) return process.env.CHROME
  for (const name of NAMES) {
    const path = spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim()
    if (path && existsSync(path)) return path
  }
  throw new Error('no Chrome or Chromium found: install one (Debian: apt-get install chromium), or name it in CHROME')
}

/** Starts the system's Chromium. Only localhost is spoken to, so everything else it would ask the network is off. */
export function launch() {
  const root = process.getuid?.() === 0
  return chromium.launch({
    executablePath: executable(),
    args: [
      ...(root ? ['--no-sandbox'] : []),
      '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-domain-reliability',
    ],
  })
}
