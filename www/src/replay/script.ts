/**
 * The bundled session: two people plan a weekend. Written for this page by its authors, not a recording of anyone;
 * the typing (slips, corrections, pauses, going back to mend the other's line) is shaped like a person's. The writers
 * act on what they see in their own pane, so the session also plays while one of them is offline.
 */

/** What a writer does next. Places are found by their text, as a person finds them. */
export type Act =
  | { readonly do: 'type'; readonly text: string }
  | { readonly do: 'erase'; readonly count: number }
  /** To the end of the text. */
  | { readonly do: 'end' }
  /** Puts the caret after (or before) that text; where it is not there, the rest up to the next `find` or `end` is left out. */
  | { readonly do: 'find'; readonly text: string; readonly side?: 'before' }
  | { readonly do: 'pause'; readonly milliseconds: number }

const type = (text: string): Act => ({ do: 'type', text })
const erase = (count: number): Act => ({ do: 'erase', count })
const find = (text: string, side?: 'before'): Act => (side ? { do: 'find', text, side } : { do: 'find', text })
const pause = (milliseconds: number): Act => ({ do: 'pause', milliseconds })
const end: Act = { do: 'end' }

export const CREDIT = 'The trip plan session was written for this page and is part of it; the other bundled one is the edits between the revisions of this project’s ARCHITECTURE.md; further traces are read from your own files and never leave this browser.'

export const WRITERS: readonly (readonly Act[])[] = [
  [
    end, type('Weekend in Porto\n\nTo book\n- train, Friday 16:10\n- room near the rvi'), pause(350), erase(2), type('iver, two nigths'), pause(500), erase(4), type('ghts\n'),
    pause(900), find('- room near the river'), type(' (ask for a quiet one)'), pause(700),
    find('two nights'), type('\n- table for four on Saturday 🍷'), pause(1400),
    find('ferry at ten'), erase(3), type('half past nine'), pause(800),
    find('Sardines'), type(' (grilled!)'), pause(900),
    end, type('\nShared costs: split in three, Marta pays for the train 🤝\n'),
  ],
  [
    pause(4200), end, type('\nSaturday\n- coffee at the market ☕\n- ferry at ten, the smll'), pause(300), erase(2), type('all one\n'),
    pause(600), type('- Sardines on the quay\n'), pause(900),
    find('Weekend in Porto'), type(', 12 to 14 May'), pause(1200),
    find('Friday 16:10'), erase(5), type('15:40'), pause(900),
    end, type('\nSunday\n- slow breakfast\n- bridge walk 👩‍👩‍👧 if it does not rain\n'), pause(800),
    find('- slow breakfast'), type(' 🥐'), pause(600),
  ],
]
