import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHtml } from '../../src/report/html/page.ts'
import { ATTACKS } from './attacks.ts'
import { sampleReport } from './sample.ts'

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    chromiumSandbox: false,
  })
})

afterAll(() => browser.close())

async function open(text: string, width: number): Promise<{ page: Page; requests: string[]; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } })
  const requests: string[] = []
  const faults: string[] = []
  page.on('request', ({ url }) => void requests.push(url()))
  page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
  page.on('pageerror', (error) => void faults.push(error.message))
  await page.setContent(text)
  return { page, requests, faults }
}

describe('the HTML report in Chromium', () => {
  test('nothing that an application sent runs, and nothing is fetched', async () => {
    for (const attack of ATTACKS) {
      const { page, requests } = await open(toHtml(sampleReport(attack)), 1200)
      expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([])
      await page.close()
    }
  })

  test.each([1200, 390])('is styled under its own policy, and fits %d pixels', async (width) => {
    const { page, faults } = await open(toHtml(sampleReport()), width)
    expect(faults).toEqual([])
    expect(await page.evaluate(() => getComputedStyle(document.querySelector('.card') as Element).borderRadius)).toBe(
      '12px',
    )
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.close()
  })

  test('areas that scroll sideways can be reached by keyboard, and their text is large enough on a phone', async () => {
    const { page } = await open(toHtml(sampleReport()), 390)
    const scrolls = await page.evaluate(() =>
      [...document.querySelectorAll('.scroll')].map((place) => (place as HTMLElement).tabIndex),
    )
    expect(new Set(scrolls)).toEqual(new Set([0]))
    const sizes = await page.evaluate(() =>
      [...document.querySelectorAll('.chart > svg')].map((chart) => {
        const { width } = chart.getBoundingClientRect()
        return (11 * width) / (chart as SVGSVGElement).viewBox.baseVal.width
      }),
    )
    expect(Math.min(...sizes)).toBeGreaterThan(9)
    await page.close()
  })
})
