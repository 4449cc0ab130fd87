// A transport without a network: the test is the other end.

/** Collects links; the test opens, feeds and cuts them. */
export function fakeTransport() {
  const links = []
  return {
    links,
    get last() {
      return links.at(-1)
    },
    connect(url, events) {
      const link = {
        url,
        sent: [],
        closed: false,
        open: () => events.opened(),
        cut: (reason = 'cut') => events.closed(reason),
        say: (message) => events.received(typeof message === 'string' ? message : JSON.stringify(message)),
        send: (data) => link.sent.push(JSON.parse(data)),
        close: () => (link.closed = true),
      }
      links.push(link)
      return link
    },
  }
}
