import { join } from 'node:path'
import { open } from 'lmdb'
import type { Sessions } from 'sojourn'
import { createAlarms } from './alarms.ts'
import { createCatalogue } from './catalogue.ts'
import { addDemoUsers } from './demo-users.ts'
import { createGuesses } from './guesses.ts'
import { createOrders } from './orders.ts'
import { createPasswords } from './passwords.ts'
import type { ShopData } from './sessions.ts'
import type { Shop } from './shop.ts'
import { createUsers } from './users.ts'

export interface OpenShop extends Shop {
  close(): Promise<void>
}

/** Users, orders and alarms in an LMDB environment of their own, wherever the sessions are: they have nothing to do with each other. */
export async function openShop(
  folder: string,
  sessions: Sessions<ShopData>,
  { origin, newDevices }: Partial<Pick<Shop, 'origin' | 'newDevices'>> = {},
): Promise<OpenShop> {
  const db = open({ path: join(folder, 'shop') })
  const users = createUsers(db, await createPasswords())
  await addDemoUsers(users)
  return {
    sessions,
    users,
    orders: createOrders(db),
    catalogue: createCatalogue(),
    guesses: createGuesses(),
    alarms: createAlarms(db, sessions),
    newDevices,
    origin,
    async close() {
      await sessions.close()
      await db.close()
    },
  }
}
