import { createSessions, memoryStore, type Store } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { movingStore } from 'sojourn/stores/migrate'
import { nearCache } from 'sojourn/stores/near-cache'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, test } from 'vitest'

const lacking: Store = { ...memoryStore(), lacks: { ended: 'It answers with what was true a minute ago.' } }

const WRAPPERS: readonly (readonly [string, (store: Store) => Store])[] = [
  ['a near cache', (store) => nearCache(store, { bus: memoryBus() })],
  ['a resilient store', (store) => resilientStore(store)],
  ['write-behind', (store) => writeBehind(store)],
  ['a moving store, of what is left', (store) => movingStore({ from: store, to: memoryStore() })],
  ['a moving store, of what is moved to', (store) => movingStore({ from: memoryStore(), to: store })],
]

describe('a store that cannot end sessions is refused', () => {
  test.each(WRAPPERS)('behind %s too', (_, wrap) => {
    const refused = expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('a minute ago') })
    expect(() => createSessions({ store: wrap(lacking) })).toThrow(refused)
    expect(() => createSessions({ store: wrap(lacking), insecureStoreLacks: ['ended'] })).not.toThrow()
    expect(() => createSessions({ store: wrap(memoryStore()) })).not.toThrow()
  })

  test('behind a moving store with what each of both lacks', () => {
    const other: Store = { ...memoryStore(), lacks: { list: 'It forgets some.' } }
    expect(movingStore({ from: lacking, to: other }).lacks).toEqual({ ...lacking.lacks, ...other.lacks })
    expect(movingStore({ from: memoryStore(), to: memoryStore() })).not.toHaveProperty('lacks')
  })
})
