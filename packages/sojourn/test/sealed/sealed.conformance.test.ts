import { type RecordCarrierContext, recordCarrierCases } from '@sojourn/conformance'
import { sealedSessions } from 'sojourn/sealed'
import { testCases } from '../support/run-cases.ts'
import { Browser, KEY, view } from './kit.ts'

const context: RecordCarrierContext = {
  createCarrier() {
    const [carrier] = sealedSessions({ keys: [KEY] }).carriers
    if (carrier === undefined) throw new Error('No carrier.')
    return carrier
  },
  createClient() {
    const browser = new Browser()
    return {
      request: () => view(browser.cookie),
      receive: (changes) =>
        browser.receive(changes.filter(({ name }) => name === 'set-cookie').map(({ value }) => value)),
    }
  },
}

testCases('sealed cookie, without a store', recordCarrierCases, context)
