import type { App, Ask, Reply } from './web.ts'

export interface LoginLimit {
  readonly most: number
  /** Within this time; default: forever. */
  readonly windowMs?: number
  /** Whether a login counts; default: all do. */
  readonly counts?: 'all' | 'wrong'
  readonly reply: Reply
}

export type Limited = App & {
  /** Logins that reached the application, refused ones too. */
  tries(): number
  isLimited(): boolean
}

const isLogin = ({ path, method }: Ask) => path === '/login' && method === 'POST'

/** An application that has enough of logins. */
export function limitsLogins({ most, windowMs = Number.POSITIVE_INFINITY, counts = 'all', reply }: LoginLimit) {
  return (app: App): Limited => {
    let counted: number[] = []
    let tries = 0
    const isLimited = () => {
      counted = counted.filter((at) => performance.now() - at < windowMs)
      return counted.length >= most
    }
    const limited: App = async (ask) => {
      if (!isLogin(ask)) return app(ask)
      tries++
      if (isLimited()) return reply
      const answer = await app(ask)
      const isWrong = answer.cookies === undefined
      if (counts === 'all' || isWrong) counted.push(performance.now())
      return answer
    }
    return Object.assign(limited, { tries: () => tries, isLimited })
  }
}
