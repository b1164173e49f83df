import { afterAll, describe, expect, test } from 'vitest'
import { type Child, startChild } from '../src/child.mjs'
import { contenderNamed } from '../src/contenders.mjs'
import { compare, groupOf, shareCpu, shareHeap } from '../src/profile/groups.mjs'
import { compareTables, describeSpending } from '../src/profile/table.mjs'
import { summarizeProfile, takeProfiles } from '../src/profile/take.mjs'

const ROOT = 'file:///home/me/sojourn'
const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9, columnNumber: 0, scriptId: '1' })

describe('what a function counts as', () => {
  test.each([
    [frame('commit', `${ROOT}/packages/sojourn/dist/core/request/commit.js`), 'sojourn: core/request'],
    [frame('createSessions', `${ROOT}/packages/sojourn/dist/core/create-sessions.js`), 'sojourn: core/create-sessions'],
    [frame('read', `${ROOT}/packages/sojourn/dist/stores/redis/store.js`), 'sojourn: stores/redis'],
    [frame('read', `${ROOT}/packages/sojourn/dist/stores/memory.js`), 'sojourn: stores/memory'],
    [frame('hash', `${ROOT}/packages/sojourn/dist/platform/node/crypto.js`), 'sojourn: platform'],
    [frame('send', `${ROOT}/node_modules/@redis/client/dist/lib/client.js`), '@redis/client'],
    [frame('parse', `${ROOT}/node_modules/a/node_modules/qs/lib/parse.js`), 'qs'],
    [frame('end', 'node:_http_outgoing'), 'node:http'],
    [frame('write', 'node:net'), 'node:net'],
    [frame('hash', 'node:internal/crypto/hash'), 'node:crypto'],
    [frame('emit', 'node:events'), 'node:events'],
    [frame('x', 'node:url'), 'node: other'],
    [frame('answerOf', `${ROOT}/bench/src/work.mjs`), 'handler'],
    [frame('(garbage collector)'), 'garbage collection'],
    [frame('(program)'), 'system calls, native code'],
    [frame('parse'), null],
  ])('%o', (each, group) => {
    expect(groupOf(each)).toBe(group)
  })
})

describe('shares of a profile', () => {
  const commit = frame('commit', `${ROOT}/packages/sojourn/dist/core/request/commit.js`)
  const nodes = [
    { id: 1, callFrame: frame('(root)'), children: [2, 4, 5] },
    { id: 2, callFrame: commit, children: [3] },
    { id: 3, callFrame: frame('parse') },
    { id: 4, callFrame: frame('(idle)') },
    { id: 5, callFrame: frame('(garbage collector)') },
  ]

  test('a sample lasts until the next, what is built in counts as its caller’s, and idle time as nothing', () => {
    const profile = { nodes, startTime: 0, endTime: 100, samples: [2, 3, 4, 5, 2], timeDeltas: [5, 10, 20, 40, 8] }
    expect(shareCpu(profile, 2, { mainUs: 38, othersUs: 0 })).toEqual({
      groups: { 'sojourn: core/request': 15, 'garbage collection': 4 },
      functions: { 'commit core/request/commit.js:10': 15, '(garbage collector)': 4 },
    })
    // Half of the time, the thread waited for a processor.
    expect(shareCpu(profile, 2, { mainUs: 19, othersUs: 0 }).groups).toEqual({
      'sojourn: core/request': 7.5,
      'garbage collection': 2,
    })
    expect(shareCpu(profile, 2, { mainUs: 58, othersUs: 3 }).groups).toEqual({
      'sojourn: core/request': 15,
      'garbage collection': 4,
      'other threads': 3,
    })
  })

  test('bytes count the same way', () => {
    const head = {
      callFrame: frame('(root)'),
      selfSize: 0,
      id: 1,
      children: [
        {
          callFrame: commit,
          selfSize: 300,
          id: 2,
          children: [{ callFrame: frame('map'), selfSize: 100, id: 3, children: [] }],
        },
      ],
    }
    expect(shareHeap({ head }, 4).groups).toEqual({ 'sojourn: core/request': 100 })
  })

  test('of both, what is over the bare server, the most first', () => {
    expect(compare({ a: 3, b: 9 }, { a: 1, c: 2 })).toEqual([
      { name: 'b', own: 9, over: 9 },
      { name: 'a', own: 3, over: 2 },
      { name: 'c', own: 0, over: -2 },
    ])
    const spent = (cpuUs: number, cpu: Record<string, number>) => {
      return { cpuUs, profile: { contender: '', scenario: 'read' as const, cpu, heap: {} } }
    }
    expect(describeSpending(spent(24, { a: 3, b: 8.9, d: 0.1 }), spent(2, { a: 1 }))).toBe('b 17.8, a 4.0, d 0.2')
  })
})

describe('a server under load', () => {
  const started: Child[] = []
  afterAll(() => Promise.all(started.map((child) => child.stop())))

  test('says where its time and its memory go', async () => {
    const name = 'node-sojourn-memory'
    const load = await startChild('load.mjs', { core: 1 })
    const server = await startChild('server.mjs', { core: 0, args: [name, '{}'] })
    started.push(load, server)
    const member = { contender: contenderNamed(name), server, port: server.hello, folder: '' }
    const raw = await takeProfiles(load, member, 'new', 300)
    const { cpu, heap } = summarizeProfile(name, 'new', raw)
    expect(Object.keys(cpu)).toEqual(expect.arrayContaining(['node:http']))
    expect(Object.keys(cpu).some((group) => group.startsWith('sojourn: core/'))).toBe(true)
    expect(heap['sojourn: core/request']).toBeGreaterThan(0)
    expect(compareTables('it', { own: raw, bare: raw })).toContain('| node:http |')
  })
})
