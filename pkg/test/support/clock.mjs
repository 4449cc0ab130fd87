// Time that tests advance by hand.

/** @returns {import('../../dist/index.js').Clock & {advance(ms: number): Promise<void>, pending: number}} */
export function fakeClock() {
  let now = 1_000_000
  let next = 1
  const timers = new Map()
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    now: () => now,
    setTimeout(run, ms) {
      const id = next++
      timers.set(id, { at: now + Math.max(0, ms), run })
      return id
    },
    clearTimeout: (id) => void timers.delete(id),
    get pending() {
      return timers.size
    },
    /** Runs what is due in the next `ms`, in order, letting promises settle in between. */
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const due = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
        if (due === undefined) break
        timers.delete(due[0])
        now = Math.max(now, due[1].at)
        due[1].run()
      }
      now = end
      await settle()
    },
  }
}
