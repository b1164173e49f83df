import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NewDevice, type NewDeviceMail, type NewDeviceNotice, newDevice } from 'sojourn/guards/new-device'
import type { Users } from './users.ts'

interface Outgoing {
  /** The address of this shop, for the link in the mail. */
  readonly origin: string
  /** The folder with the key of the links. */
  readonly folder: string
  /** A shop with a mail server would give the mail to a queue. */
  readonly send: (to: string, mail: NewDeviceMail) => void
}

/** Tells users about logins from new devices. `users`: asked later, because they are opened after the sessions. */
export function mailNewDevices(users: () => Users, { origin, folder, send }: Outgoing): NewDevice {
  return newDevice({
    origin,
    site: 'Wayside',
    keys: [keyIn(folder)],
    notify({ userId, mail }: NewDeviceNotice) {
      const user = users().find(userId)
      if (user !== null) send(user.email, mail)
    },
    // The sessions have ended, and the finding becomes an alarm (`alarms.ts`), which asks for a new password.
    disowned() {},
  })
}

/** Links and known devices survive a restart. A shop on several servers would read the key from its environment. */
function keyIn(folder: string): Uint8Array {
  const file = join(folder, 'mail.key')
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, randomBytes(32), { mode: 0o600 })
  }
  return readFileSync(file)
}
