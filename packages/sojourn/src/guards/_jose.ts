import { SessionError } from '../core/contracts/errors.ts'

export type Jose = typeof import('jose')

/** Not a static import: bundlers would fail for applications that use another part, and have no `jose`. */
export async function loadJose(caller: string): Promise<Jose> {
  try {
    return await import('jose')
  } catch (cause) {
    throw new SessionError('ERR_OPTION', `${caller} needs the package jose. Install it: npm install jose.`, cause)
  }
}
