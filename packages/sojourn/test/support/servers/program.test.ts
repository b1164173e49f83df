import { afterAll, expect, test } from 'vitest'
import { buildChild, removeBuilt, startChild } from '../child.ts'
import { accepts, launch } from './program.ts'

afterAll(removeBuilt)

test('a program dies with the process that started it, even by SIGKILL, and even paused', async () => {
  const starter = startChild(await buildChild(new URL('./program-starter.ts', import.meta.url)), [])
  const [, ...ports] = (await starter.said('ports')).split(' ').map(Number)
  const areAlive = (): Promise<boolean[]> => Promise.all(ports.map((port) => accepts(port)))
  expect(await areAlive()).toEqual([true, true])
  starter.process.kill('SIGKILL')
  await starter.ended
  await expect.poll(areAlive, { timeout: 30_000 }).toEqual([false, false])
}, 60_000)

test('a program that does not come up fails at once', async () => {
  const isReady = async (): Promise<boolean> => false
  for (const [program, ...args] of [[process.execPath, '-e', 'process.exit(3)'], ['/no/such/program']] as const) {
    await expect(launch(program, { args, isReady })).rejects.toThrow('did not come up')
  }
})
