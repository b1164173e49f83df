import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise, Store } from '../core/contracts/store.ts'
import { defined, settle } from '../core/lib/maybe.ts'

export interface MeasuredStoreOptions {
  /**
   * What the label `store` says. Default: the name of the store. A near cache has the name of the store inside it, so name one of
   * them if you measure both.
   */
  readonly name?: string
}

/** A call of a store, once it has ended. */
export interface StoreCall {
  readonly store: string
  readonly operation: string
  readonly seconds: number
  /** The code of the error, or `null` if the store answered. */
  readonly errorType: string | null
}

type Method = Exclude<keyof Store, 'name' | 'lacks' | 'staleWhileDownMs'>

/** Whether a method is measured: those that ask the store something. */
const METHODS: Readonly<Record<Method, boolean>> = {
  read: true,
  readNow: true,
  create: true,
  write: true,
  end: true,
  list: true,
  sweep: true,
  scan: true,
  watch: false,
  observe: false,
  setup: false,
  close: false,
}

type Call = (...args: never[]) => MaybePromise<unknown>

/** The store, with a report after each call. Stays synchronous if the store is. */
export function measured(store: Store, options: MeasuredStoreOptions, report: (call: StoreCall) => void): Store {
  checkOptions(options, { name: 'string' }, 'measuredStore')
  const { name, lacks, staleWhileDownMs } = store
  const shownName = options.name ?? name

  function measure(operation: string, call: Call): Call {
    return (...args) => {
      const began = performance.now()
      const tell = (errorType: string | null): void =>
        report({ store: shownName, operation, seconds: (performance.now() - began) / 1000, errorType })
      return settle(
        () => call(...args),
        (value) => {
          tell(null)
          return value
        },
        (error) => {
          tell(error instanceof SessionError ? error.code : '_OTHER')
          throw error
        },
      )
    }
  }

  const methods = Object.entries(METHODS).flatMap(([method, isMeasured]) => {
    const call = (store[method as Method] as Call | undefined)?.bind(store)
    return call === undefined ? [] : [[method, isMeasured ? measure(method, call) : call]]
  })
  // Only what the store has, because core looks at what is there.
  const facts = defined({ name, lacks, staleWhileDownMs })
  return { ...facts, ...Object.fromEntries(methods) } as Store
}
