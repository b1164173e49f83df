import type { Facts } from './facts.ts'
import { createFingerprint, type Fingerprint, type Horizons } from './fingerprint.ts'
import { piecesOf, wordOf } from './pieces.ts'
import { nameOf, type Stage, setupOf } from './stage.ts'
import type { Answer, Request, World } from './world.ts'

/** The key that distinguishes worlds. */
export function fingerprintOf(stage: Stage, world: World, horizons: Horizons): number {
  const print = createFingerprint(world.now, horizons)
  const putToken = (token: string | null): void => print.put(token === null ? null : nameOf(setupOf(stage), token).hash)
  const putAll = (value: object): void => piecesOf(value).forEach(print.put)

  putToken(world.jar)
  if (stage.run.crash !== undefined && !world.crashed && world.disk !== null) {
    putToken(world.disk.token)
    print.put({ tick: world.disk.replacedAt, field: 'replacedAt' })
  }
  print.put(Number(world.crashed) + 2 * Number(world.failedOver) + 4 * world.thiefRotations)
  for (const token of world.loot) putToken(token)
  putRequests(world, print, putToken, putAll)
  putRecords(world.records, print, putAll)
  print.put(wordOf('past'))
  for (const { id, value, replacedAt, nodes } of world.past) {
    print.put(id)
    print.put(wordOf(nodes.join()))
    print.put({ tick: replacedAt, field: 'replacedAt' })
    putAll(value)
  }
  print.put(wordOf('before'))
  if (world.before !== null && !world.failedOver) {
    putRecords(world.before.records, print, putAll)
    putFacts(world.before.facts, print)
  }
  print.put(wordOf('facts'))
  putFacts(world.facts, print)
  return print.value()
}

/** Requests in the same phase with the same bounds are alike, in whatever order they were sent. */
function putRequests(
  world: World,
  print: Fingerprint,
  putToken: (token: string | null) => void,
  putAll: (value: object) => void,
): void {
  const requests = world.requests.map((request) => ({ request, key: keyOf(request, world) }))
  if (requests.length > 1) requests.sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const { request, key } of requests) {
    print.put(wordOf(key))
    putToken(request.token)
    putAnswer(request.answer, print, putToken)
    if (request.state !== null) putAll(request.state)
  }
}

function keyOf({ verb, phase, since, openedAt, node, succeeded }: Request, { now }: World): string {
  const opened = phase === 'sent' || phase === 'answered' ? 0 : openedAt - now
  return `${verb} ${phase} ${since - now} ${opened} ${node} ${succeeded}`
}

function putAnswer(answer: Answer, print: Fingerprint, putToken: (token: string | null) => void): void {
  if (answer === null || answer === 'clear') print.put(wordOf(String(answer)))
  else putToken(answer.token)
}

function putRecords(records: World['records'], print: Fingerprint, putAll: (value: object) => void): void {
  print.put(records.size)
  const last = records.size * 1000
  const sorted =
    records.size < 2
      ? records
      : [...records].sort(([a], [b]) => (print.placeOf(a) ?? last) - (print.placeOf(b) ?? last))
  for (const [id, kept] of sorted) {
    print.put(id)
    putAll(kept)
  }
}

function putFacts(facts: Facts, print: Fingerprint): void {
  print.put(Number(facts.loggedIn))
  for (const [id, { at, node }] of facts.ended) {
    print.put(id)
    print.put({ tick: at, field: 'ended' })
    print.put(node)
  }
  print.put(facts.ended.size)
  for (const id of facts.expired) print.put(id)
  print.put(facts.expired.size)
  for (const [id, at] of facts.told) {
    print.put(id)
    print.put({ tick: at, field: 'told' })
  }
  print.put(facts.told.size)
  const tokens = facts.tokens.size < 2 ? facts.tokens : [...facts.tokens].sort(([, a], [, b]) => a.rank - b.rank)
  for (const [hash, { id, dead, alarmAt, successor }] of tokens) {
    print.put(id)
    print.put(hash)
    print.put(successor)
    print.put(dead === null ? null : { tick: dead.at, field: 'dead' })
    print.put(alarmAt === null ? null : { tick: alarmAt, field: 'dead' })
  }
}
