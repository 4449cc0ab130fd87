/** Reordering with few moves. */

/**
 * The positions of a longest ascending run of `values` (not necessarily neighbours), ascending. When a list is
 * reordered, these items can stay, and no fewer than all the others have to move.
 *
 * Cost: O(n log n). The values are all different.
 *
 * @example
 * longestAscending([2, 0, 1, 3]) // [1, 2, 3]: the items 0, 1 and 3 stay, 2 moves
 */
export function longestAscending(values: readonly number[]): number[] {
  // ends[k]: the position of the smallest value that an ascending run of k + 1 values can end with.
  const ends: number[] = []
  const before: number[] = []
  values.forEach((value, position) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((values[ends[middle] as number] as number) < value) low = middle + 1
      else high = middle
    }
    before[position] = ends[low - 1] ?? -1
    ends[low] = position
  })
  const run: number[] = []
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at] as number) run.push(at)
  return run.reverse()
}
