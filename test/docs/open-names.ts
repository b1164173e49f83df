/** The names that snippets leave open: what a reader already has, or writes themselves. */
import type { Express, NextFunction, Request, Response } from 'express'
import type { Lucia } from 'lucia'
import type { Carrier, JsonValue, Session, Sessions, UntypedData } from 'sojourn'
import type {} from 'sojourn/express'
import type { OldHonoStore } from 'sojourn/legacy/hono-sessions'
import type { OldRow } from 'sojourn/legacy/session-table'

export declare const app: Express
export declare const req: Request
export declare const res: Response
export declare const next: NextFunction
export declare const session: Session
export declare const sessions: Sessions<UntypedData>

export declare function disableAccount(userId: string): Promise<void>
export declare function checkPassword(body: unknown): Promise<{ readonly id: string; readonly passwordVersion: number }>
export declare function passwordVersion(userId: string): Promise<number>
export declare function setPassword(userId: string, password: string): Promise<void>
/** Verifies the ID token of the request. */
export declare function finishLogin(
  request: Request,
): Promise<{ readonly iss: string; readonly sub: string; readonly sid?: string }>
export declare function findUserById(userId: string): Promise<object | null>
export declare function findUserByEmail(email: unknown): Promise<string | null>
export declare function isActive(userId: string | null): Promise<boolean>
export declare const oldLibrary: {
  textsIn(cookies: string | null): readonly string[]
  verify(text: string): string | null
  readonly rows: {
    get(id: string): Promise<{
      readonly userId: string
      readonly data: Readonly<Record<string, JsonValue>>
      readonly expiresAt: Date
    } | null>
    delete(id: string): Promise<void>
  }
}
export declare function saveAlarm(userId: string, alarm: object): Promise<void>
export declare function dismissAlarm(userId: string, id: string): Promise<void>
export declare function findUser(userId: string): Promise<{ readonly email: string; readonly createdAt: Date }>
export declare const mailQueue: {
  add(mail: {
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly html: string
  }): Promise<void>
}
export declare function demandNewPassword(userId: string): Promise<void>
export declare function createUser(body: unknown): Promise<{ readonly id: string }>
export declare const oldStore: {
  // biome-ignore lint/suspicious/noExplicitAny: a store of express-session has its own type of a session.
  get(id: string, callback: (error: unknown, session?: any) => void): void
  destroy(id: string, callback: (error?: unknown) => void): void
}
export declare const oldCookie: Carrier
export declare const honoStore: OldHonoStore
export declare const lucia: Lucia
export declare const db: {
  one(sql: string, value: string): Promise<OldRow | null>
  none(sql: string, value: string): Promise<void>
}
export declare function oldIdsOf(userId: string): Promise<readonly string[]>
export declare function readRows(request: Request): Promise<readonly string[]>
