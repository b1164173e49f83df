import { createReadStream } from 'node:fs'
import { type ParsedLine, parseLine } from './chain.ts'
import { type AuditReport, createVerifier, entryOf, type Verifier, type VerifyOptions } from './verify.ts'

/** A longer line is none of ours, and must not fill the memory. */
const MAX_LINE = 1_048_576

/** Checks files, in the order of their lines. `-` is standard input. */
export async function verifyFiles(files: readonly string[], options: VerifyOptions): Promise<AuditReport> {
  const verifier = createVerifier(options)
  for (const file of await inOrder(files, options.field)) await verifyFile(verifier, file)
  return verifier.end()
}

async function verifyFile(verifier: Verifier, file: string): Promise<void> {
  let number = 0
  for await (const { text, isWhole } of linesOf(file)) {
    number += 1
    const where = `${file}:${number}`
    if (isWhole) verifier.line(text, where, file)
    else verifier.rest(text, where, file)
  }
}

/** Files of one log, oldest first, whatever their names are. */
async function inOrder(files: readonly string[], field: string | undefined): Promise<readonly string[]> {
  const known = await Promise.all(
    files.map(async (file) => ({ file, place: file === '-' ? null : await firstLine(file, field) })),
  )
  return known
    .sort((a, b) => {
      if (a.place === null || b.place === null) return 0
      if (a.place.log === b.place.log) return a.place.seq - b.place.seq
      // Files of a logger contain several chains, each of which begins where another one ended.
      return a.place.at - b.place.at
    })
    .map(({ file }) => file)
}

async function firstLine(file: string, field: string | undefined): Promise<ParsedLine | null> {
  for await (const { text } of linesOf(file)) {
    const line = parseLine(entryOf(text, field) ?? '')
    if (line !== null) return line
  }
  return null
}

async function* linesOf(file: string): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }> {
  const input = file === '-' ? process.stdin : createReadStream(file)
  input.setEncoding('utf8')
  let rest = ''
  for await (const chunk of input) {
    const parts = (rest + chunk).split('\n')
    rest = (parts.pop() ?? '').slice(0, MAX_LINE)
    for (const text of parts) yield { text, isWhole: true }
  }
  if (rest !== '') yield { text: rest, isWhole: false }
}
