export interface Duplicates {
  /** Tokens that an earlier one equals. */
  readonly repeats: number
  /** Of those, how many were issued within a second of the equal one; null where times are not known. */
  readonly sameSecond: number | null
}

export function findDuplicates(values: readonly string[], at: readonly number[] | undefined): Duplicates {
  const last = new Map<string, number>()
  let repeats = 0
  let sameSecond = 0
  values.forEach((value, i) => {
    const earlier = last.get(value)
    last.set(value, i)
    if (earlier === undefined) return
    repeats++
    if (at !== undefined && Math.abs((at[i] ?? Number.NaN) - (at[earlier] ?? Number.NaN)) < 1000) sameSecond++
  })
  return { repeats, sameSecond: at === undefined ? null : sameSecond }
}

/** P of any two equal among `n` tokens of so many bits. */
export function birthdayTail(n: number, bits: number): number {
  return -Math.expm1(-(n * (n - 1)) / 2 / 2 ** bits)
}
