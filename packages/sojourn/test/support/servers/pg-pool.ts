import pg from 'pg'

/**
 * `pool.end()` does not wait for its connections to close. If the server stops meanwhile, they report an error, which would end the
 * process if nobody listened.
 */
export function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config)
  pool.on('error', () => undefined)
  return pool
}
