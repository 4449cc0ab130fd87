import { read, write } from './prefs'

type Choice = 'auto' | 'light' | 'dark'
const NEXT: Record<Choice, Choice> = { auto: 'light', light: 'dark', dark: 'auto' }
const LABEL: Record<Choice, string> = { auto: 'auto', light: 'light', dark: 'dark' }

/** The theme button: auto (what the system says), light, dark; remembered. */
export function themeButton(button: HTMLButtonElement): void {
  let choice: Choice = read<Choice>('theme') ?? 'auto'
  const show = () => {
    if (choice === 'auto') document.documentElement.removeAttribute('data-theme')
    else document.documentElement.dataset['theme'] = choice
    button.lastElementChild!.textContent = LABEL[choice]
    button.setAttribute('aria-label', `Theme: ${LABEL[choice]}. Change to ${LABEL[NEXT[choice]]}`)
  }
  button.addEventListener('click', () => {
    choice = NEXT[choice]
    write('theme', choice === 'auto' ? null : choice)
    show()
  })
  show()
}
