import { createSessions, memoryStore, type Store } from 'sojourn'
import { describe, expect, test } from 'vitest'

/** A store that says of itself what it cannot promise. */
function lacking(lacks: Store['lacks']): Store {
  return { ...memoryStore(), name: 'elsewhere', ...(lacks !== undefined && { lacks }) }
}

const lacks = { ended: 'A copy may answer for a minute.', list: 'It has no index.' } as const

describe('a store that cannot keep every guarantee', () => {
  test('is refused at construction, with every reason and the option that accepts it', () => {
    const refused = expect.objectContaining({
      code: 'ERR_OPTION',
      message: expect.stringMatching(
        /elsewhere.*ended: A copy may answer for a minute\. list: It has no index\..*insecureStoreLacks: \['ended', 'list'\]/,
      ),
    })
    expect(() => createSessions({ store: lacking(lacks) })).toThrow(refused)
  })

  test('is refused for what was not accepted, and only for that', () => {
    const create = (): unknown =>
      createSessions({ store: lacking(lacks), insecureStoreLacks: ['ended', 'lost-update'] })
    expect(create).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('list:') }))
    expect(create).toThrow(expect.objectContaining({ message: expect.not.stringContaining('ended:') }))
  })

  test('is taken when the application accepts each of them by name', () => {
    expect(createSessions({ store: lacking(lacks), insecureStoreLacks: ['ended', 'list'] }).store.name).toBe(
      'elsewhere',
    )
  })

  test('no other store has to say anything', () => {
    expect(createSessions({ store: lacking(undefined) }).store.name).toBe('elsewhere')
    expect(createSessions({ store: lacking({}) }).store.name).toBe('elsewhere')
  })
})
