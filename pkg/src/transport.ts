/** How messages travel: a port, and its WebSocket implementation. */

import { RejoinError } from './errors.js'

/** What a {@link Transport} reports about one link. After `closed` it reports nothing more. */
export interface LinkEvents {
  /** The link is up; messages can be sent. */
  opened(): void
  /** A text message arrived. */
  received(data: string): void
  /** The link is gone, or could not be made. `reason` is for logs. */
  closed(reason: string): void
}

/** One link to a server. */
export interface Link {
  /** Sends a text message. Only while the link is up; a failure is reported through `closed`. */
  send(data: string): void
  /** Takes the link down. `closed` is not reported for it. */
  close(): void
}

/** Makes links that carry text messages, whole and in order. Any such channel will do. */
export interface Transport {
  /** Starts a link to `url`. Never throws: what goes wrong is reported through `closed`. */
  connect(url: string, events: LinkEvents): Link
}

/** The part of the standard WebSocket that is used; the `ws` package for Node has it too. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(data: string): void
  close(code?: number, reason?: string): void
}

/** A WebSocket class. */
export type WebSocketConstructor = new (url: string) => WebSocketLike

/** Options of {@link webSocketTransport}. */
export interface WebSocketTransportOptions {
  /**
   * The WebSocket class to use. Browsers and Node 22 have a global one; for Node 20 pass the one of the
   * package `ws`.
   */
  readonly WebSocket?: WebSocketConstructor
}

/**
 * Messages over a WebSocket.
 *
 * @throws {@link RejoinError} `no-websocket` when none was given and this JavaScript has none.
 * @example
 * import WebSocket from 'ws' // Node 20
 * new Client({ url, transport: webSocketTransport({ WebSocket }) })
 */
export function webSocketTransport(options: WebSocketTransportOptions = {}): Transport {
  const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (typeof WebSocket !== 'function') {
    throw new RejoinError(
      'no-websocket',
      "this JavaScript has no global WebSocket (Node has one from version 22): install the package 'ws' and pass " +
        'transport: webSocketTransport({ WebSocket })',
    )
  }
  return { connect: (url, events) => connect(WebSocket, url, events) }
}

function connect(WebSocket: WebSocketConstructor, url: string, events: LinkEvents): Link {
  let live = true
  const end = (reason: string) => {
    if (!live) return
    live = false
    events.closed(reason)
  }
  let socket: WebSocketLike
  try {
    socket = new WebSocket(url)
  } catch (thrown) {
    // A malformed URL. Reported later, as every other failure is, so that the caller has its Link first.
    queueMicrotask(() => end(String(thrown)))
    return { send: () => {}, close: () => void (live = false) }
  }
  socket.onopen = () => {
    if (live) events.opened()
  }
  socket.onmessage = (event: { data: unknown }) => {
    // The protocol has no binary messages.
    if (live && typeof event.data === 'string') events.received(event.data)
  }
  // Browsers say no more than "error"; ws tells what happened.
  let failure = ''
  socket.onerror = (event: { message?: unknown }) => {
    if (typeof event.message === 'string') failure = event.message
  }
  socket.onclose = (event: { code?: number; reason?: string }) => {
    end([failure, event.reason, event.code === undefined ? '' : `code ${event.code}`].filter(Boolean).join(', '))
  }
  return {
    send: (data) => {
      if (!live) return
      try {
        socket.send(data)
      } catch (thrown) {
        end(String(thrown))
      }
    },
    close: () => {
      live = false
      socket.close(1000)
    },
  }
}
