import { answerCases } from './adapter/answer-cases.ts'
import type { AdapterCase } from './adapter/context.ts'
import { faultCases } from './adapter/fault-cases.ts'
import { headerCases } from './adapter/header-cases.ts'
import { holdCases } from './adapter/hold-cases.ts'
import { loadCases } from './adapter/load-cases.ts'
import { methodCases } from './adapter/method-cases.ts'
import { streamCases } from './adapter/stream-cases.ts'

/** Everything that users rely on in an adapter of any framework. */
export const adapterCases: readonly AdapterCase[] = [
  ...holdCases,
  ...headerCases,
  ...streamCases,
  ...methodCases,
  ...faultCases,
  ...answerCases,
  ...loadCases,
]
