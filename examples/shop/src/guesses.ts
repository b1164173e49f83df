import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'

/** Bounds password guessing. */
export interface Guesses {
  /** Spends one guess. `0`: go ahead; otherwise the seconds to wait. */
  spend(network: string, account: string): Promise<number>
  /** The guess was right: this account may try again from here. */
  forget(network: string, account: string): Promise<void>
}

const WINDOW_SECONDS = 15 * 60

/**
 * Counted for an account *from one network*, so that a stranger's guesses never lock the owner out, and for a network
 * over all accounts. Kept in memory: a restart forgives. A shop with several processes would count in Redis.
 */
export function createGuesses(limits: { perAccount?: number; perNetwork?: number } = {}): Guesses {
  const accounts = new RateLimiterMemory({ points: limits.perAccount ?? 8, duration: WINDOW_SECONDS })
  const networks = new RateLimiterMemory({ points: limits.perNetwork ?? 60, duration: WINDOW_SECONDS })
  const key = (network: string, account: string) => `${network} ${account.trim().toLowerCase()}`

  return {
    async spend(network, account) {
      return (await wait(networks, network)) || (await wait(accounts, key(network, account)))
    },
    async forget(network, account) {
      await accounts.delete(key(network, account))
    },
  }
}

/** The limiter rejects with its counters when they are spent, and with an `Error` when it is broken. */
async function wait(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key)
    return 0
  } catch (reason) {
    if (reason instanceof Error) throw reason
    return Math.ceil((reason as RateLimiterRes).msBeforeNext / 1000)
  }
}
