import type { RequestView } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import { type Case, CaseFailure } from '../case.ts'
import type { CarrierContext } from './context.ts'
import { createQuietCarrier, OTHER_TOKEN, TOKEN } from './tokens.ts'

/** No carrier has a reason to read more. */
export const MOST_CANDIDATES = 32

export const candidateCases: readonly Case<CarrierContext>[] = [
  {
    name: 'all of several tokens are found, in order: a planted one cannot hide the real one',
    guarantee: '3 Strict',
    needs: ['presenting'],
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      for (const texts of [[TOKEN], [TOKEN, OTHER_TOKEN], [OTHER_TOKEN, TOKEN], ['short', TOKEN, 'x', OTHER_TOKEN]]) {
        assertEqual(carrier.read(presenting(ctx, texts)), { values: texts, overflow: false }, 'the candidates')
      }
    },
  },
  {
    name: 'one token presented twice is one candidate',
    needs: ['presenting'],
    async run(ctx) {
      const view = presenting(ctx, [TOKEN, OTHER_TOKEN, TOKEN, OTHER_TOKEN])
      const expected = { values: [TOKEN, OTHER_TOKEN], overflow: false }
      assertEqual(createQuietCarrier(ctx).read(view), expected, 'the candidates')
    },
  },
  {
    name: 'too many tokens are cut off and reported: planted ones cannot push out the real one',
    guarantee: '9 Hostile input costs nothing',
    needs: ['presenting'],
    async run(ctx) {
      const texts = Array.from({ length: 500 }, (_, index) => `token-${index}`)
      const { values, overflow } = createQuietCarrier(ctx).read(presenting(ctx, texts))
      assert(overflow, 'the carrier did not report that there are more tokens than it reads')
      assert(
        values.length <= MOST_CANDIDATES,
        `the carrier gave ${values.length} candidates, more than ${MOST_CANDIDATES}`,
      )
    },
  },
]

function presenting(ctx: CarrierContext, texts: readonly string[]): RequestView {
  if (ctx.presenting === undefined) throw new CaseFailure('This case needs the context\'s "presenting".')
  return ctx.presenting(texts)
}
