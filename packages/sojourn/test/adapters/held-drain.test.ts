import { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { keepListeners } from '../../src/adapters/_held-drain.ts'

/** A response whose `drain` listeners middleware leads elsewhere, as compression does. */
function ledElsewhere() {
  const response = new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as never)
  const below: (() => void)[] = []
  const on = response.on.bind(response)
  response.on = ((event: string, listener: () => void) => {
    if (event !== 'drain') return on(event, listener)
    below.push(listener)
    return response
  }) as typeof response.on
  return {
    response,
    tell: keepListeners(response as never),
    drainBelow: () => below.forEach((listener) => void listener()),
  }
}

test('a writer that waits for drain gets it from us and from the stream below', () => {
  const { response, tell, drainBelow } = ledElsewhere()
  const heard: string[] = []
  response.on('drain', () => heard.push('each time'))
  response.once('drain', () => heard.push('once'))
  response.prependListener('drain', () => heard.push('first'))
  tell()
  drainBelow()
  expect(heard).toEqual(['first', 'each time', 'once', 'first', 'each time'])
})

test('one that stops to listen takes nobody else away', () => {
  const { response, tell } = ledElsewhere()
  const heard: string[] = []
  const [one, other] = [() => heard.push('one'), () => heard.push('other')]
  response.on('drain', one)
  response.on('drain', other)
  response.on('drain', one)
  response.off('drain', one)
  tell()
  response.removeListener('drain', one)
  response.removeListener('drain', () => {})
  tell()
  expect(heard).toEqual(['one', 'other', 'other'])
})
