import { DAY_SECONDS } from '../work.mjs'
import { pgPool } from './clients.mjs'

/**
 * One prepared statement each, on a pool of pg's default size.
 *
 * @param {import('../contenders.mjs').StartOptions} options
 * @returns {Promise<Omit<import('./bound.mjs').Bound, 'keyOf'>>}
 */
export async function postgresBound({ postgres }) {
  const pool = await pgPool(postgres)
  await pool.query('create table bound (id text primary key, data text not null, expires_at bigint not null)')
  const select = { name: 'select', text: 'select data from bound where id = $1 and expires_at > $2' }
  const upsert = {
    name: 'upsert',
    text: 'insert into bound values ($1, $2, $3) on conflict (id) do update set data = $2, expires_at = $3',
  }
  return {
    async get(key) {
      const { rows } = await pool.query({ ...select, values: [key, Date.now()] })
      return JSON.parse(rows[0].data)
    },
    put: (key, content) =>
      pool.query({ ...upsert, values: [key, JSON.stringify(content), Date.now() + DAY_SECONDS * 1000] }),
  }
}
