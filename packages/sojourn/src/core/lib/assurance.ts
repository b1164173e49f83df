/** NIST's levels are in order. Other levels are names whose order only the application knows. */
const NIST = /^aal[1-3]$/

/** Whether this level of a proof is one of those that are wanted, or a higher one. */
export function reachesAssurance(assurance: string | null, levels: readonly string[]): boolean {
  if (assurance === null) return false
  return levels.some((level) => level === assurance || (NIST.test(level) && NIST.test(assurance) && assurance > level))
}
