import { sessions } from './sessions.ts'

/** Whether the store answers. A load balancer asks for /health before it sends requests here. */
export async function isHealthy(): Promise<boolean> {
  try {
    await sessions.list('health-check')
    return true
  } catch {
    return false
  }
}
