import { redisBus } from 'sojourn/buses/redis'
import { createVerifier } from 'sojourn/tokens/verifier'

// Another process: it verifies the tokens that it is sent, and says when they are refused.

const [, , issuer = '', audience = '', redis = ''] = process.argv
const list = `${issuer}/.well-known/session-ends`
const bus = redis === '' ? undefined : redisBus({ url: redis })
const verifier = createVerifier({
  issuer,
  audience,
  insecureHttp: true,
  ends: { list, ...(bus !== undefined && { bus }) },
})

/** A machine that starts ten processes may be slow to answer: that is a 503, and the client asks again. */
async function judge(token: string): Promise<string | null> {
  for (;;) {
    try {
      return (await verifier.verify(token)).refusal
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

process.on('message', async (token: string) => {
  process.send?.({ what: 'ready', refusal: await judge(token) })
  for (;;) {
    const refusal = await judge(token)
    if (refusal !== null) {
      process.send?.({ what: 'refused', refusal, at: Date.now() })
      return
    }
    // As often as requests come.
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
})
process.on('disconnect', () => process.exit())
process.send?.({ what: 'begun' })
