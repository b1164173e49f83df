import type { Carrier, RequestView } from 'sojourn'
import { replaced } from './requests.ts'

/** The header of the companion. */
export const HEADER = 'x-beside'

/** Another carrier of the application. */
function createCompanion(ambient: boolean): Carrier {
  const header = (value: string) => [{ name: HEADER, value, how: 'replace' }] as const
  return {
    name: 'beside',
    ambient,
    vary: HEADER,
    read: (view) => ({ values: [view.header(HEADER) ?? ''].filter((text) => text !== ''), overflow: false }),
    write: (_, token) => header(token),
    clear: () => header('cleared'),
  }
}

/** Both carriers of the application. Those that browsers use by themselves come last. */
export function withCompanion(carrier: Carrier): readonly Carrier[] {
  const companion = createCompanion(!carrier.ambient)
  return carrier.ambient ? [companion, carrier] : [carrier, companion]
}

/** The request of a client that also presents this text on the companion. */
export function besides(view: RequestView, text: string | null): RequestView {
  return replaced(view, text === null ? {} : { [HEADER]: text })
}
