import type { Sessions } from 'sojourn'
import type { NewDevice } from 'sojourn/guards/new-device'
import type { Alarms } from './alarms.ts'
import type { Catalogue } from './catalogue.ts'
import type { Guesses } from './guesses.ts'
import type { Orders } from './orders.ts'
import type { ShopData } from './sessions.ts'
import type { Users } from './users.ts'

/** The parts that the routes use. */
export interface Shop {
  readonly sessions: Sessions<ShopData>
  readonly users: Users
  readonly orders: Orders
  readonly catalogue: Catalogue
  readonly guesses: Guesses
  readonly alarms: Alarms
  /** `undefined`: nobody is told about new devices. */
  readonly newDevices: NewDevice | undefined
  /** `https://shop.example`, if a proxy that terminates TLS is in front. `undefined`: `http://localhost`, on the port of the server. */
  readonly origin: string | undefined
}
