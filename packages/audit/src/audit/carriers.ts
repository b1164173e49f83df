import type { Audit, Credential, Login } from './audit.ts'

export interface Carriers {
  /** Cookie names: the smallest sets of which each suffices alone. */
  readonly sets: readonly (readonly string[])[]
  /** The bearer token alone suffices. */
  readonly bearer: boolean
}

/** Which cookies make a login: tried one by one, and by leaving out, in clean clients. */
export async function findCarriers(audit: Audit, login: Login): Promise<Carriers> {
  const { bearer } = login.credential
  const wanted = audit.recipe.credential?.cookies
  const names = [...new Set(login.client.cookies().map(({ name }) => name))].filter(
    (name) => wanted === undefined || matches(name, wanted),
  )
  const suffices = async (kept: readonly string[]): Promise<boolean> => {
    // What it holds now: each try may use up a value, and is answered with the next.
    const cookies = login.client.cookies()
    const credential: Credential = { cookies: cookies.filter(({ name }) => kept.includes(name)), bearer: null }
    return kept.length > 0 && (await audit.probe(`only ${kept.join(' and ')}`, credential)).state === 'in'
  }
  const alone: string[] = []
  for (const name of names) if (await suffices([name])) alone.push(name)
  const others = names.filter((name) => !alone.includes(name))
  const sets = alone.map((name) => [name])
  if (others.length > 1 && (await suffices(others))) sets.push(await shrink(others, suffices))
  const byBearer =
    bearer !== null && (await audit.probe('only the bearer token', { cookies: [], bearer })).state === 'in'
  return { sets, bearer: byBearer }
}

async function shrink(
  names: readonly string[],
  suffices: (kept: readonly string[]) => Promise<boolean>,
): Promise<string[]> {
  let kept = [...names]
  for (const name of names) {
    const without = kept.filter((held) => held !== name)
    if (await suffices(without)) kept = without
  }
  return kept
}

/** `wordpress_logged_in_*` stands for all names that begin so. */
export function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}
