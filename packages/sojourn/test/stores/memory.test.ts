import { storeCases } from '@sojourn/conformance'
import { memoryStore } from '../../src/stores/memory.ts'
import { testCases } from '../support/run-cases.ts'

testCases('memory', storeCases, {
  createStore: () => memoryStore(),
  sweeps: true,
  without: {
    second: 'memory belongs to one process',
    reopen: 'memory ends with its process',
    sever: 'there is nothing between the store and its data',
  },
})
