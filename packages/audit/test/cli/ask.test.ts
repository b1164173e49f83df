import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { askAt } from '../../src/cli/terminal-io.ts'

/** The output of a terminal, and the visible part: everything after it was last cleared. */
async function ask(typed: string, secret = false) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  let interrupts = 0
  const asked = askAt({ input, output, interrupted: () => interrupts++ }, 'Who is it? ', secret)
  input.write(typed)
  const answer = await asked
  const all = text(output.end())
  return { answer, interrupts, shown: (await all).split('\u001b[0J').at(-1) }
}

test('the question stays where it is while somebody types and corrects', async () => {
  expect(await ask('alicx\u007fe\r')).toMatchObject({ answer: 'alice', shown: expect.stringContaining('Who is it? ') })
})

test('a secret is shown nowhere', async () => {
  expect(await ask('lantern\r', true)).toEqual({ answer: 'lantern', interrupts: 0, shown: 'Who is it? \n' })
})

test.each([false, true])('Ctrl-D is no answer, Ctrl-C ends the program: secret %s', async (secret) => {
  expect(await ask('\u0004', secret)).toMatchObject({ answer: null, interrupts: 0 })
  expect(await ask('\u0003', secret)).toMatchObject({ answer: null, interrupts: 1 })
})
