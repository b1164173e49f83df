/** How an address is reached, as far as cookies are concerned. */
export function channelOf(url: URL): 'https' | 'http-loopback' | 'http' {
  if (url.protocol === 'https:') return 'https'
  return isLoopback(url.hostname) ? 'http-loopback' : 'http'
}

/** Whether a host name, as written in a URL, is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  )
}
