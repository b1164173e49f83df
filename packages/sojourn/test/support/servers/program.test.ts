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

test('a program that does not come up fails at once, with what it said', async () => {
  const args = ['-e', 'console.error("no such folder"); process.exit(3)']
  const isReady = async (): Promise<boolean> => false
  const failed = await launch(process.execPath, { args, isReady }).catch(String)
  expect(failed).toContain('did not come up')
  expect(failed).toContain('no such folder')
  await expect(launch('/no/such/program', { args, isReady })).rejects.toThrow('did not come up')
})
