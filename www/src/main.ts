import { init } from 'rejoin'
import { currentDocument, openNewDocument, shareLink } from './address'
import { copy, need, oncePerFrame, setText } from './dom'
import { Guide } from './guide'
import { announce, Notices } from './notices'
import { Pane } from './pane'
import { prune } from './prefs'
import { ReplayBar } from './replay/bar'
import { CREDIT } from './replay/script'
import { takeSlot } from './slot'
import { themeButton } from './theme'
import { advice, count } from './words'

const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/sync`

async function start(): Promise<void> {
  themeButton(need(document, '#theme'))
  setText(need(document, '#credit'), CREDIT)
  const notices = new Notices(need(document, '#notices'))
  try {
    await init()
  } catch (error) {
    notices.show('engine', advice(error as Error), [{ label: 'Reload the page', run: () => location.reload() }])
    return
  }
  const slot = await takeSlot()
  prune('drawing/', 12)

  const guide = new Guide(need(document, '#guide'))
  const refresh = oncePerFrame(() => show(panes, guide, notices))
  const host = need<HTMLElement>(document, '#panes')
  const panes = [
    new Pane({ id: 'a', name: 'Laptop', host, slot, url, changed: () => refresh() }),
    new Pane({ id: 'b', name: 'Phone', host, slot, url, changed: () => refresh() }),
  ]
  let shown = ''
  const open = async () => {
    const id = currentDocument()
    if (id === shown) return
    shown = id
    setText(need(document, '#document'), id)
    await Promise.all(panes.map((pane) => pane.open(id)))
  }
  const replay = new ReplayBar({
    panes,
    notices,
    newDocument: async () => {
      openNewDocument()
      await open()
    },
  })
  window.addEventListener('hashchange', () => {
    if (currentDocument() === shown) return
    replay.stop()
    void open()
  })
  buttons(panes)
  refresh()
  await open()
}

function buttons(panes: readonly Pane[]): void {
  need(document, '#new-document').addEventListener('click', openNewDocument)
  const link = need<HTMLButtonElement>(document, '#copy-link')
  link.addEventListener('click', async () => {
    const done = await copy(shareLink())
    announce(done ? 'Link copied.' : 'The browser refused to copy; copy the address from the address bar.')
    setText(link, done ? 'Copied' : 'Copy it from the address bar')
    setTimeout(() => setText(link, 'Copy link'), 2000)
  })
  need(document, '#both').addEventListener('click', () => {
    const offline = !panes.every((pane) => pane.offline)
    for (const pane of panes) pane.setOffline(offline)
  })
}

/** What concerns both panes: do they agree, is the server there, how far is the guide. */
function show(panes: readonly Pane[], guide: Guide, notices: Notices): void {
  const opened = panes.every((pane) => pane.opened)
  const equal = opened && panes[0]?.text === panes[1]?.text
  setText(need(document, '#both'), panes.every((pane) => pane.offline) ? 'Rejoin both' : 'Take both offline')

  const agreement = need<HTMLElement>(document, '#agreement')
  const length = panes[0]?.text.length ?? 0
  const waiting = panes.filter((pane) => pane.waiting > 0).map((pane) => `${count(pane.waiting, 'edit')} on ${pane.name}`)
  const state = !opened ? 'opening' : equal ? 'equal' : 'apart'
  agreement.dataset['state'] = state
  const words = {
    opening: 'Opening…',
    equal: length === 0 ? 'Both panes are empty' : `Both panes hold the same ${count(length, 'character')}`,
    apart: waiting.length > 0 ? `Waiting: ${waiting.join(', ')}` : 'The panes differ for the moment',
  }
  setText(need(agreement, '#agreement-text'), words[state])

  if (panes.some((pane) => pane.unreachable)) {
    notices.show(
      'server',
      {
        what: `The server at ${location.host} does not answer.`,
        next: 'Both panes go on working and every edit stays on this device; the page keeps trying. If this is your own machine, start it with “cargo xtask demo”.',
      },
      [{ label: 'Try now', run: () => panes.forEach((pane) => pane.retry()) }],
    )
  } else notices.clear('server')

  if (!opened) return
  guide.see({
    offline: panes.map((pane) => pane.offline),
    live: panes.map((pane) => pane.live),
    waiting: panes.map((pane) => pane.waiting),
    equal,
    reloaded: panes.some((pane) => pane.reopened),
  })
}

void start()
