import type { NodeResponse } from './_node-types.ts'

type Listener = (...args: unknown[]) => void
type Listening = (event: string | symbol, listener: Listener) => unknown

/** Whether the method adds a listener that is called once. */
const ADDING = { on: false, addListener: false, prependListener: false, once: true, prependOnceListener: true } as const
const REMOVING = ['off', 'removeListener'] as const

interface Waiting {
  readonly listener: Listener
  readonly once: boolean
}

/**
 * Returns a function that calls the listeners that wait for `drain`, where middleware that was mounted earlier redirects them to
 * its own stream, as compression does. An event on the response then reaches nobody. So listeners added from now on are kept in a
 * list of our own, and are called both by us and by the stream below.
 */
export function keepListeners(response: NodeResponse): () => void {
  const methods = response as unknown as Record<string, Listening>
  const originals = new Map<string, Listening>()
  let waiting: readonly Waiting[] = []
  let isListening = false

  const below = (name: string, event: string | symbol, listener: Listener): unknown =>
    Reflect.apply(originals.get(name) as Listening, response, [event, listener])
  const replace = (name: string, onDrain: (listener: Listener) => void): void => {
    originals.set(name, methods[name] as Listening)
    const listen: Listening = (event, listener) => {
      if (event !== 'drain') return below(name, event, listener)
      onDrain(listener)
      return response
    }
    methods[name] = listen
  }
  const tell = (): void => {
    const told = waiting
    waiting = told.filter(({ once }) => !once)
    for (const { listener } of told) Reflect.apply(listener, response, [])
  }

  for (const [name, once] of Object.entries(ADDING)) {
    replace(name, (listener) => {
      if (!isListening) below('on', 'drain', tell)
      isListening = true
      waiting = name.startsWith('prepend') ? [{ listener, once }, ...waiting] : [...waiting, { listener, once }]
    })
  }
  for (const name of REMOVING) {
    replace(name, (listener) => {
      const at = waiting.map((one) => one.listener).lastIndexOf(listener)
      waiting = waiting.filter((_, index) => index !== at)
    })
  }
  return tell
}
