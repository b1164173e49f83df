import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import { type RunningWorker, startWorker } from '../support/worker.ts'

describe.skipIf(!hasRuntimes)('in workerd', () => {
  let worker: RunningWorker
  beforeAll(async () => {
    worker = await startWorker(new URL('./runtimes/cloudflare-worker.ts', import.meta.url))
  }, 60_000)
  afterAll(() => worker.flare.dispose())

  test('Durable Objects', async () => {
    const results = await worker.ask('/durable-object') as any[]
    console.log(results.filter(r=>r.status!=='passed').map(r=>`${r.status} ${r.name} ${r.reason}`), results.length, results.reduce((a,r)=>a+r.ms,0), results.sort((a,b)=>b.ms-a.ms).slice(0,12).map(r=>[Math.round(r.ms),r.name]))
  }, 120_000)
  test('KV', async () => {
    const results = await worker.ask('/kv') as any[]
    console.log(results.filter(r=>r.status!=='passed').map(r=>`${r.status} ${r.guarantee} ${r.name} ${r.reason}`), results.length, results.reduce((a,r)=>a+r.ms,0), results.sort((a,b)=>b.ms-a.ms).slice(0,12).map(r=>[Math.round(r.ms),r.name]))
  }, 120_000)
})
