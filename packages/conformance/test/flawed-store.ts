import {
  type Change,
  type DamagedRecord,
  SessionError,
  type SessionId,
  type SessionRecord,
  type Store,
  type Tombstone,
  type Written,
} from 'sojourn'

/** One way each in which stores go wrong; most of them seen in stores that people use. */
export type Flaw =
  | 'none'
  | 'asynchronous read-modify-write'
  | 'ended sessions are deleted'
  | 'a save writes an ended session back'
  | 'a touch writes an ended session back'
  | 'create overwrites'
  | 'create overwrites tombstones'
  | 'create checks before it waits'
  | 'end answers every caller'
  | 'end overwrites tombstones'
  | 'end stores a tombstone for nothing'
  | 'end keeps the list entry'
  | 'values are merged'
  | 'values are parsed'
  | 'other keys are dropped'
  | 'expect is ignored'
  | 'expect sees inherited keys'
  | 'a failed expect keeps the rest'
  | 'head ignores the version'
  | 'a stale head keeps its data'
  | 'data raises the version'
  | 'counts its versions by itself'
  | 'a stale touch is applied'
  | 'a stale touch is left out'
  | 'data beside a stale touch is kept'
  | 'an older touch is applied'
  | 'a touch is not stored'
  | 'the device is forgotten'
  | 'plain assignment of keys'
  | 'texts end at NUL'
  | 'texts are trimmed'
  | 'half characters are replaced'
  | 'keys are normalised'
  | 'large texts are cut'
  | 'users by prefix'
  | 'users without case'
  | 'users cut at 255'
  | 'nobody is called null'
  | 'list answers null'
  | 'returns what it keeps'
  | 'keeps what it is given'
  | 'malformed ids throw'
  | 'timers of 32 bits'
  | 'sweeps what lives'
  | 'sweeps a millisecond late'
  | 'sweeps without limit'
  | 'sweeps by the first expiry'
  | 'sweeps no tombstones'
  | 'sweeps and leaves the list'
  | 'scans no tombstones'
  | 'scans by position, the living first'
  | 'scans take any cursor'
  | 'damaged means absent'
  | 'a damaged record fails the list'
  | 'the list leaves out a damaged record'
  | 'a damaged record cannot be ended'
  | 'the end of a damaged record is not answered'
  | 'a damaged record stops the sweep'
  | 'the scan leaves out a damaged record'
  | 'closed means empty'
  | 'errors quote the id'
  | 'close fails the second time'

type Kept = SessionRecord | Tombstone

export interface FlawedStore extends Store {
  damage(id: SessionId): void
}

/** A small store, right but for the one flaw. */
export function flawedStore(flaw: Flaw): FlawedStore {
  const kept = new Map<string, Kept>()
  const users = new Map<string, Set<string>>()
  const firstExpiry = new Map<string, number>()
  const ghosts = new Map<string, Kept>()
  const damaged = new Set<SessionId>()
  let isClosed = false
  const has = (...flaws: readonly Flaw[]): boolean => flaws.includes(flaw)
  const copy = <T>(value: T, unless: Flaw): T => (has(unless) ? value : structuredClone(value))

  function assertOpen(id = ''): void {
    if (!isClosed) return
    throw Object.assign(new Error(has('errors quote the id') ? `closed: ${id}` : 'closed'), { code: 'ERR_CLOSED' })
  }

  function userKey(userId: string | null): string | null {
    if (userId === null) return has('nobody is called null') ? 'null' : null
    if (has('users without case')) return userId.toLowerCase()
    return has('users cut at 255') ? userId.slice(0, 255) : userId
  }

  function enlist(record: SessionRecord): void {
    const key = userKey(record.userId)
    if (key !== null) users.set(key, (users.get(key) ?? new Set()).add(record.id))
  }

  function delist(record: Kept): void {
    if (record.kind === 'live') users.get(userKey(record.userId) ?? '')?.delete(record.id)
  }

  function find(id: SessionId): Kept | null {
    if (has('malformed ids throw') && !/^[\w-]{22}$/.test(id)) throw new Error('malformed id')
    return kept.get(id) ?? null
  }

  function assertReadable(id: SessionId): void {
    if (damaged.has(id)) throw new SessionError('ERR_RECORD_DAMAGED', 'flawed: as the test has it.')
  }

  function show<T extends Kept>(value: T): T | DamagedRecord {
    return damaged.has(value.id) ? { kind: 'damaged', id: value.id } : value
  }

  function toText(text: string): string {
    if (has('texts end at NUL')) return text.split('\u0000')[0] ?? ''
    if (has('texts are trimmed')) return text.trim()
    if (has('half characters are replaced'))
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
    if (has('large texts are cut')) return text.slice(0, 65_535)
    return text
  }

  function toData(entries: readonly (readonly [string, string])[]): Record<string, string> {
    const texts = entries.map(
      ([key, text]) => [has('keys are normalised') ? key.normalize() : key, toText(text)] as const,
    )
    if (!has('plain assignment of keys')) return Object.fromEntries(texts)
    const data: Record<string, string> = {}
    for (const [key, text] of texts) data[key] = text
    return data
  }

  function merge(old: string | undefined, text: string): string {
    if (has('values are parsed')) return JSON.stringify(JSON.parse(text))
    if (!has('values are merged') || old === undefined || !text.startsWith('{')) return text
    return JSON.stringify({ ...JSON.parse(old), ...JSON.parse(text) })
  }

  function patch(record: SessionRecord, { set = {}, remove = [] }: Change): Record<string, string> {
    const entries = new Map(
      has('other keys are dropped') && Object.keys(set).length > 0 ? [] : Object.entries(record.data),
    )
    for (const [key, text] of Object.entries(set)) entries.set(key, merge(entries.get(key), text))
    for (const key of remove) entries.delete(key)
    return toData([...entries])
  }

  function put(record: SessionRecord): void {
    kept.set(record.id, copy(record, 'keeps what it is given'))
  }

  function apply(record: SessionRecord, change: Change): Written {
    const { expect, head, seen, version, nextVersion = record.version } = change
    if (expect !== undefined && !has('expect is ignored')) {
      const isThere = has('expect sees inherited keys')
        ? expect.key in record.data
        : Object.hasOwn(record.data, expect.key)
      if ((isThere ? record.data[expect.key] : null) !== expect.text) {
        if (has('a failed expect keeps the rest')) put({ ...record, ...(seen && { lastSeenAt: seen.at }) })
        return { status: 'conflict', record: structuredClone(record) }
      }
    }
    if (head !== undefined && version !== record.version && !has('head ignores the version')) {
      if (has('a stale head keeps its data')) put({ ...record, data: patch(record, change) })
      return { status: 'conflict', record: has('returns what it keeps') ? record : structuredClone(record) }
    }
    const isStale = head === undefined && seen !== undefined && version !== record.version
    if (isStale && !has('a stale touch is applied')) {
      const isKept = change.set !== undefined && has('data beside a stale touch is kept')
      if (isKept) put({ ...record, data: patch(record, change) })
      if (isKept || has('a stale touch is left out')) return { status: 'written' }
      return { status: 'conflict', record: structuredClone(record) }
    }
    const isOlder = seen !== undefined && seen.at < record.lastSeenAt && !has('an older touch is applied')
    const isSeen = seen !== undefined && !isOlder && !has('a touch is not stored')
    const isRaised = has('data raises the version') && change.set !== undefined
    const isCounted = head !== undefined && has('counts its versions by itself')
    put({
      ...record,
      ...(head !== undefined && { head }),
      ...(isSeen && { lastSeenAt: seen.at, expiresAt: seen.expiresAt }),
      version: head !== undefined && !isCounted ? nextVersion : record.version + (isRaised || isCounted ? 1 : 0),
      data: patch(record, change),
    })
    return { status: 'written' }
  }

  function isDue(value: Kept, now: number): boolean {
    if (has('sweeps what lives')) return true
    if (has('sweeps no tombstones') && value.kind === 'ended') return false
    if (has('sweeps by the first expiry')) return (firstExpiry.get(value.id) ?? 0) <= now
    return has('sweeps a millisecond late') ? value.expiresAt < now : value.expiresAt <= now
  }

  return {
    name: `flawed: ${flaw}`,

    async read(id) {
      if (isClosed && has('closed means empty')) return null
      assertOpen(id)
      if (damaged.has(id) && has('damaged means absent')) return null
      assertReadable(id)
      const found = find(id)
      return found === null ? null : copy(found, 'returns what it keeps')
    },

    async create(record) {
      assertOpen(record.id)
      const old = find(record.id)
      if (has('create checks before it waits')) await null
      const isFree = has('create overwrites') || (old?.kind === 'ended' && has('create overwrites tombstones'))
      if (old !== null && !isFree) return false
      const { device: _, ...head } = record.head
      put({
        ...record,
        head: has('the device is forgotten') ? head : record.head,
        data: has('keeps what it is given') ? record.data : toData(Object.entries(record.data)),
      })
      enlist(record)
      firstExpiry.set(record.id, record.expiresAt)
      if (has('timers of 32 bits'))
        setTimeout(() => kept.delete(record.id), (record.expiresAt - Date.now()) | 0).unref()
      return true
    },

    async write(id, change) {
      if (isClosed && has('closed means empty')) return { status: 'gone', tombstone: null }
      assertOpen(id)
      const found = find(id)
      const isTouch = change.seen !== undefined && change.set === undefined && change.head === undefined
      const isRevived = isTouch
        ? has('a touch writes an ended session back')
        : has('a save writes an ended session back')
      if (found?.kind === 'ended' && isRevived) {
        const head = { secret: '', secretAt: 0 }
        put({
          kind: 'live',
          id,
          userId: null,
          version: 0,
          createdAt: 0,
          lastSeenAt: 0,
          expiresAt: found.expiresAt,
          head,
          data: {},
        })
        return { status: 'written' }
      }
      if (found?.kind !== 'live') return { status: 'gone', tombstone: found }
      assertReadable(id)
      if (has('asynchronous read-modify-write')) await null
      return apply(found, change)
    },

    async end(id, tombstone) {
      assertOpen(id)
      const found = find(id)
      if (has('end answers every caller')) await null
      if (found?.kind === 'ended' && has('end overwrites tombstones')) kept.set(id, tombstone)
      if (found === null && has('end stores a tombstone for nothing')) kept.set(id, tombstone)
      if (found?.kind !== 'live') return null
      if (has('a damaged record cannot be ended')) assertReadable(id)
      if (!has('end keeps the list entry')) delist(found)
      if (has('ended sessions are deleted')) kept.delete(id)
      else kept.set(id, copy(tombstone, 'keeps what it is given'))
      const isDamaged = damaged.delete(id)
      if (isDamaged) return has('the end of a damaged record is not answered') ? null : { kind: 'damaged', id }
      return structuredClone(found)
    },

    async list(userId) {
      if (isClosed && has('closed means empty')) return []
      assertOpen(userId)
      const keys = has('users by prefix')
        ? [...users.keys()].filter((key) => key.startsWith(userId))
        : [userKey(userId) ?? '']
      const ids = keys.flatMap((key) => [...(users.get(key) ?? [])])
      if (ids.length === 0 && has('list answers null')) return null as never
      const found = ids.flatMap((id) => kept.get(id) ?? ghosts.get(id) ?? [])
      const shown = has('end keeps the list entry', 'sweeps and leaves the list')
        ? found
        : found.filter(({ kind }) => kind === 'live')
      if (has('a damaged record fails the list')) for (const { id } of shown) assertReadable(id)
      const listed = shown
        .map(show)
        .filter(({ kind }) => kind !== 'damaged' || !has('the list leaves out a damaged record'))
      return copy(listed, 'returns what it keeps') as SessionRecord[]
    },

    async sweep(now, limit) {
      assertOpen()
      const due = [...kept.values()].filter((value) => isDue(value, now))
      const taken = has('sweeps without limit') ? due : due.slice(0, limit)
      for (const value of taken) {
        if (has('sweeps and leaves the list')) ghosts.set(value.id, value)
        else delist(value)
        if (has('a damaged record stops the sweep')) assertReadable(value.id)
        kept.delete(value.id)
        damaged.delete(value.id)
      }
      return taken.length
    },

    async scan(cursor, limit) {
      assertOpen()
      if (cursor !== null && !/^\d+$/.test(cursor) && !has('scans take any cursor')) {
        throw Object.assign(new Error('no cursor'), { code: 'ERR_OPTION' })
      }
      const start = Number(cursor)
      const all = [...kept.values()]
        .filter(({ kind }) => kind === 'live' || !has('scans no tombstones'))
        .filter(({ id }) => !damaged.has(id) || !has('the scan leaves out a damaged record'))
      if (has('scans by position, the living first')) all.sort((a, b) => b.kind.localeCompare(a.kind))
      const next = start + limit < all.length ? `${start + limit}` : null
      return {
        values: all.slice(start, start + limit).map((value) => copy(show(value), 'returns what it keeps')),
        next,
      }
    },

    damage: (id) => void damaged.add(id),

    async close() {
      if (isClosed && has('close fails the second time')) throw new Error('closed already')
      isClosed = true
    },
  }
}
