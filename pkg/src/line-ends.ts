/**
 * A textarea shows every line end, CR LF and a lone CR too, as one LF. This maps offsets between a text
 * and what a textarea shows of it. Almost every text has no CR, and then both are the same.
 */
export class LineEnds {
  /** What a textarea shows. */
  readonly shown: string
  /** Whether that is the text itself. */
  readonly plain: boolean
  readonly #text: string

  constructor(text: string) {
    this.#text = text
    this.plain = !text.includes('\r')
    this.shown = this.plain ? text : text.replace(/\r\n?/g, '\n')
  }

  /** The offset in the text of an offset in what is shown. Cost: linear where there is a CR. */
  toText(shown: number): number {
    if (this.plain) return shown
    let text = 0
    for (; shown > 0; shown--) text += this.#text.startsWith('\r\n', text) ? 2 : 1
    return text
  }

  /** The offset in what is shown of an offset in the text; inside a CR LF, the one after. */
  toShown(text: number): number {
    if (this.plain) return text
    let shown = 0
    for (let at = 0; at < text; shown++) at += this.#text.startsWith('\r\n', at) ? 2 : 1
    return shown
  }
}
