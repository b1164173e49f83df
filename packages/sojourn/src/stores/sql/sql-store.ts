import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change, MaybePromise, ScanPage, Store, Written } from '../../core/contracts/store.ts'
import { chain, rescue } from '../../core/lib/maybe.ts'
import { createGate } from '../kit/gate.ts'
import { assertIdCursor, assertStorable, isStorableId } from '../kit/ids.ts'
import { applyChange, type Found, isListed, type Listed, readable } from '../kit/records.ts'
import type { Dialect } from './dialect.ts'
import type { Call, Driver, Result, Row } from './driver.ts'
import { fromRow, toParameters, toUserColumn } from './row.ts'
import { assertIdentifier, createStatements, DEFAULT_TABLE, type Template, toNumbered } from './statements.ts'
import { retrying, toStoreError } from './store-error.ts'
import { toAsciiJson } from './stored-text.ts'
import { toUpdateCalls } from './update-call.ts'

export interface SqlStoreParts {
  readonly dialect: Dialect
  readonly driver: Driver
  readonly table?: string | undefined
  readonly schema?: string | undefined
}

export interface SqlStore extends Store {
  scan(cursor: string | null, limit: number): MaybePromise<ScanPage>
  sweep(now: number, limit: number): MaybePromise<number>
  setup(): Promise<void>
}

const WRITTEN: Written = { status: 'written' }

/** Rows that one statement of a sweep deletes, so that their locks are held for a few milliseconds only. */
const SWEEP_ROWS = 500

/**
 * How often a change may fail its condition although a look right after shows that it fits. Each time another change was stored
 * in between, so this many in a row mean that something is wrong.
 */
const LOOKS = 100

/** A store on any SQL database. Each method is one statement, so that methods cannot interleave. */
export function sqlStore({ dialect, driver, table = DEFAULT_TABLE, schema }: SqlStoreParts): SqlStore {
  const option = `${dialect.name}Store:`
  assertIdentifier(table, `${option} table`)
  if (schema !== undefined) assertIdentifier(schema, `${option} schema`)
  const statements = createStatements(dialect, table, schema)
  const { ask, close } = createGate(dialect.name, (operation, error) => toStoreError(dialect, operation, error))

  const send = ({ statement, values }: Call): MaybePromise<Result> =>
    retrying(dialect, () => driver.run(statement, values))

  function sendAll(calls: readonly Call[]): MaybePromise<readonly Result[]> {
    const { batch } = driver
    const [first] = calls
    if (calls.length === 1 && first !== undefined) return chain(send(first), (result) => [result])
    if (batch === undefined) throw new TypeError('this dialect needs a driver with batch')
    return retrying(dialect, () => batch(calls))
  }

  const toValue = (row: Row | undefined): SessionRecord | Tombstone | null =>
    row === undefined ? null : fromRow(dialect.name, row)

  const toFound = (row: Row): Found => readable(`${row[0]}` as SessionId, () => fromRow(dialect.name, row))

  function find(id: SessionId): MaybePromise<SessionRecord | Tombstone | null> {
    if (!isStorableId(id)) return null
    return chain(send(statements.read({ id })), ({ rows }) => toValue(rows[0]))
  }

  function insert(record: SessionRecord): MaybePromise<boolean> {
    assertStorable(dialect.name, record)
    return rescue(
      () => chain(send(statements.create(toParameters(record))), ({ affected }) => affected === 1),
      (error) => {
        if (dialect.unlessTaken === '' && dialect.toFault(error).kind === 'duplicate') return false
        throw error
      },
    )
  }

  function change(id: SessionId, asked: Change, looks = 1): MaybePromise<Written> {
    const calls = isStorableId(id) ? toUpdateCalls(statements, id, asked) : null
    return chain(calls === null ? 0 : chain(send(calls.update), ({ affected }) => affected), (affected) => {
      if (affected > 0) return WRITTEN
      return chain(find(id), (found) => {
        if (found?.kind !== 'live') return { status: 'gone', tombstone: found }
        if (applyChange(found, asked) === null) return { status: 'conflict', record: found }
        if (calls === null) return WRITTEN
        return chain(assertFits(calls.oversize), () => {
          // It did not fit before, but does now: another change was stored in between.
          if (looks < LOOKS) return change(id, asked, looks + 1)
          throw new SessionError(
            'ERR_STORE',
            `${dialect.name}: the row exists, but writes keep missing it. Check for triggers or row-level security on the table.`,
          )
        })
      })
    })
  }

  function assertFits(oversize: Call | null): MaybePromise<void> {
    if (oversize === null) return
    return chain(send(oversize), ({ rows }) => {
      if (rows.length > 0)
        throw new SessionError('ERR_DATA_TOO_LARGE', `${dialect.name}: the row would be too large to be read again.`)
    })
  }

  function endRow(tombstone: Tombstone): MaybePromise<Listed | null> {
    const { id, reason, endedAt, expiresAt } = tombstone
    if (!isStorableId(id)) return null
    const calls = statements.end.map((one) => one({ id, head: toAsciiJson(reason), ended: endedAt, until: expiresAt }))
    return chain(sendAll(calls), (results) => {
      if (results.at(-1)?.affected === 0) return null
      const [row] = results[0]?.rows ?? []
      const value = row === undefined ? null : toFound(row)
      return value === null || value.kind === 'ended' ? null : value
    })
  }

  function scan(cursor: string | null, limit: number): MaybePromise<ScanPage> {
    assertIdCursor(dialect.name, cursor)
    return chain(send(statements.scan({ id: cursor ?? '', limit })), ({ rows }) => {
      const values = rows.map(toFound)
      return { values, next: values.length < limit ? null : (values.at(-1)?.id ?? null) }
    })
  }

  function sweep(now: number, limit: number, before = 0): MaybePromise<number> {
    const wanted = Math.min(limit - before, SWEEP_ROWS)
    if (!(wanted > 0)) return before
    return chain(send(statements.sweep({ now, limit: wanted })), ({ rows, affected }) => {
      const isDeleted = statements.deleteDue === null
      const found = isDeleted ? affected : rows.length
      return chain(isDeleted ? affected : deleteRows(now, rows), (deleted) =>
        found < wanted ? before + deleted : sweep(now, limit, before + deleted),
      )
    })
  }

  function deleteRows(now: number, rows: readonly Row[]): MaybePromise<number> {
    const ids = toNumbered('id', rows.map(String))
    const count = Object.keys(ids).length
    if (count === 0 || statements.deleteDue === null) return 0
    return chain(send(statements.deleteDue(count)({ ...ids, now })), ({ affected }) => affected)
  }

  /** An account that may not create tables can use one that somebody else created. */
  async function setUp(): Promise<void> {
    const refusal = await rescue<unknown>(
      async () => {
        for (const statement of statements.setup) await makeOne(statement)
      },
      (error) => {
        if (dialect.toFault(error).kind !== 'denied') throw error
        return error
      },
    )
    await rescue(
      async () => makeOne(statements.check),
      (error) => {
        throw refusal ?? error
      },
    )
  }

  /** If two processes create one table at once, one of them fails or finds it locked. It then finds the table of the other. */
  async function makeOne(statement: Template): Promise<void> {
    await retrying(
      dialect,
      () => send(statement({})),
      ({ kind }) => kind === 'duplicate',
    )
  }

  return {
    name: dialect.name,
    read: (id) => ask('read', () => find(id)),
    create: (record) => ask('create', () => insert(record)),
    write: (id, asked) => ask('write', () => change(id, asked)),
    end: (id, tombstone) => ask('end', () => endRow({ ...tombstone, id })),
    list: (userId) =>
      ask('list', () =>
        chain(send(statements.list({ user: toUserColumn(userId) })), ({ rows }) =>
          rows
            .map(toFound)
            // The hash is the same for all lone surrogates, so the record itself shows whose it is.
            .filter((found) => isListed(found, userId)),
        ),
      ),
    scan: (cursor, limit) => ask('scan', () => scan(cursor, limit)),
    sweep: (now, limit) => ask('sweep', () => sweep(now, limit)),
    setup: async () => ask('setup', setUp),
    close: () => close(() => driver.close()),
  }
}
