import type { Browser } from 'playwright-core'

/** Chromium, or playwright-core to drive it, is not installed. */
export class NoBrowser extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoBrowser'
  }
}

export interface LaunchOptions {
  readonly headless: boolean
  /** Default: `CHROMIUM_PATH` of the environment, else the one that Playwright finds. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The usual places of system packages. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function launchChromium({ headless, env }: LaunchOptions): Promise<Browser> {
  const playwright = await import('playwright-core').catch(() => {
    throw new NoBrowser('playwright-core is not installed. Run: npm install playwright-core')
  })
  const paths = env.CHROMIUM_PATH ? [env.CHROMIUM_PATH] : [undefined, ...PLACES]
  const faults: string[] = []
  for (const executablePath of paths) {
    try {
      return await playwright.chromium.launch({ headless, ...(executablePath && { executablePath }) })
    } catch (error) {
      faults.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  throw new NoBrowser(`Chromium does not start; CHROMIUM_PATH can name its path: ${faults.at(-1)}`)
}
