import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const screenshots = join(dirname(fileURLToPath(import.meta.url)), '../screenshots')
mkdirSync(screenshots, { recursive: true })

/** One pane of the page. */
export class PaneDriver {
  constructor(page, id) {
    this.page = page
    this.root = page.locator(`#pane-${id}`)
    this.area = this.root.locator('textarea')
    this.switch = this.root.getByRole('switch')
    this.name = id === 'a' ? 'Laptop' : 'Phone'
  }
  text() {
    return this.area.inputValue()
  }
  stat(name) {
    return this.root.locator(`[data-stat=${name}]`).textContent()
  }
  async caret(from, to = from) {
    await this.area.focus()
    await this.area.evaluate((area, [a, b]) => area.setSelectionRange(a, b), [from, to])
  }
  /** Types as a person: key by key; what no key has (emoji) is inserted as an input method does. */
  async type(text) {
    await this.area.focus()
    await this.page.keyboard.type(text, { delay: 3 })
  }
  async typeAt(at, text) {
    await this.caret(at < 0 ? (await this.text()).length : at)
    await this.type(text)
  }
  async online(on) {
    if ((await this.switch.getAttribute('aria-checked')) !== String(on)) await this.switch.click()
    if (on) await this.link('live')
    else await this.link('offline')
  }
  async link(state) {
    await this.page.waitForFunction(([id, want]) => document.getElementById(id).dataset.link === want, [await this.root.getAttribute('id'), state])
  }
  /** All edits are on this device. */
  async saved() {
    await this.root.locator('[data-stat=saved]', { hasText: 'all saved' }).waitFor()
  }
}

/** Opens the page in a browser of its own (fresh storage); everything it says in anger is collected. */
export async function openDemo(browser, url, { context: settings = {}, before } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...settings })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  if (before) await before(page)
  await page.goto(url)
  const a = new PaneDriver(page, 'a')
  const b = new PaneDriver(page, 'b')
  await opened(page)
  // A socket that is closed while it still connects makes Chromium complain. Some tests never get one.
  const live = () => [...document.querySelectorAll('.pane')].every((pane) => pane.dataset.link === 'live')
  await page.waitForFunction(live, undefined, { timeout: 3_000 }).catch(() => {})
  return { context, page, a, b, complaints }
}

export async function opened(page) {
  await page.waitForFunction(() => [...document.querySelectorAll('.pane')].length === 2 && [...document.querySelectorAll('.pane')].every((pane) => pane.getAttribute('aria-busy') === 'false'))
}

/** Both panes are live, hold the same text, and nothing waits. Gives the text. */
export async function together({ page, a, b }) {
  await page.waitForFunction(() => {
    const panes = [...document.querySelectorAll('.pane')]
    const stat = (pane, name) => pane.querySelector(`[data-stat=${name}]`).textContent
    const [one, two] = panes.map((pane) => pane.querySelector('textarea').value)
    return one === two && panes.every((pane) => pane.dataset.link === 'live' && stat(pane, 'inflight') === 'none' && stat(pane, 'pending') === 'none')
  })
  const text = await a.text()
  assert.equal(await b.text(), text)
  return text
}

/** Every token is there, and once. */
export function complete(text, tokens) {
  for (const token of tokens) assert.equal(text.split(token).length - 1, 1, `${JSON.stringify(token)} in ${JSON.stringify(text)}`)
}
