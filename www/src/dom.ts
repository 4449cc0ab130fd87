/** The few DOM helpers the page needs. */

/** The element with this selector; the page's own markup guarantees that it is there. */
export function need<T extends Element>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector)
  if (!found) throw new Error(`the page has no ${selector}`)
  return found
}

type Child = Node | string

/** Makes an element with attributes and children; text is always set as text, never as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Sets text only when it differs, so that an unchanged part is not announced or repainted. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** True when the person asked for less motion. */
export function calm(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches
}

/** Runs `work` at most once a frame; hidden pages (which get no frames) run it soon all the same. */
export function oncePerFrame(work: () => void): () => void {
  let waiting = false
  const run = () => {
    if (!waiting) return
    waiting = false
    work()
  }
  return () => {
    if (waiting) return
    waiting = true
    if (document.hidden) setTimeout(run, 50)
    else requestAnimationFrame(run)
  }
}

/** Saves text as a file on the person's device. */
export function download(name: string, text: string, type = 'application/json'): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  make('a', { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Puts text on the clipboard; false when the browser refuses. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
