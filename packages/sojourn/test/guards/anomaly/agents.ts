/** `User-Agent` headers as real clients write them, by a short name and a major version. */
export const agents = {
  chromeWindows: (major: number): string =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`,
  chromeMac: (major: number): string =>
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`,
  chromeLinux: (major: number): string =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`,
  chromeAndroid: (major: number): string =>
    `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Mobile Safari/537.36`,
  chromeIphone: (major: number): string =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/${major}.0.0.0 Mobile/15E148 Safari/604.1`,
  edgeWindows: (major: number): string =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36 Edg/${major}.0.0.0`,
  operaWindows: (major: number): string =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major + 16}.0.0.0 Safari/537.36 OPR/${major}.0.0.0`,
  firefoxWindows: (major: number): string =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${major}.0) Gecko/20100101 Firefox/${major}.0`,
  firefoxLinux: (major: number): string =>
    `Mozilla/5.0 (X11; Linux x86_64; rv:${major}.0) Gecko/20100101 Firefox/${major}.0`,
  safariMac: (major: number): string =>
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${major}.1 Safari/605.1.15`,
  safariIphone: (major: number): string =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS ${major}_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${major}.1 Mobile/15E148 Safari/604.1`,
  safariIpad: (major: number): string =>
    `Mozilla/5.0 (iPad; CPU OS ${major}_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${major}.1 Mobile/15E148 Safari/604.1`,
  samsung: (major: number): string =>
    `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/${major}.0 Chrome/136.0.0.0 Mobile Safari/537.36`,
  webViewAndroid: (major: number): string =>
    `Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/${major}.0.0.0 Mobile Safari/537.36`,
  appIphone: (major: number): string => `Shop/${major}.2 CFNetwork/1568.200.51 Darwin/24.1.0`,
  python: (major: number): string => `python-requests/${major}.32.3`,
  curl: (major: number): string => `curl/${major}.5.0`,
  headless: (major: number): string =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/${major}.0.0.0 Safari/537.36`,
} as const

export type Agent = keyof typeof agents
