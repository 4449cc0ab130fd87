/** Between nodes and what a page sees of them. */

import { ContainerNode, Node, type Entry } from './nodes.js'
import type { Key } from './path.js'
import { isContainer, toValue, type Value } from './value.js'

/** The nodes behind the drafts. */
const NODES = new WeakMap<object, ContainerNode>()

/** The draft of a node: the same each time. */
export function draftOf(node: ContainerNode): object {
  if (node.draft === undefined) {
    node.draft = node.recorder.makeDraft(node)
    NODES.set(node.draft, node)
  }
  return node.draft
}

/** The node behind a draft. */
export function nodeBehind(draft: unknown): ContainerNode | undefined {
  return typeof draft === 'object' && draft !== null ? NODES.get(draft) : undefined
}

/** What a page sees of what is at a key. */
export function read(node: ContainerNode, key: Key): unknown {
  const entry = node.entry(key)
  // Most of what is read is no container, and needs no node.
  return isContainer(entry) ? show(node.node(key) as Node) : entry
}

/** What a page sees of an entry. */
export function show(entry: Entry): unknown {
  if (entry instanceof ContainerNode) return draftOf(entry)
  return entry instanceof Node ? entry.snapshot() : entry
}

/** What a page assigns: a draft stands for its value as it is now, which is copied. */
export function given(input: unknown): Value {
  return toValue(input, (object) => {
    const node = NODES.get(object)
    node?.recorder.checkRunning()
    return node?.snapshot()
  })
}
