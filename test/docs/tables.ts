import { readPage } from './snippets.ts'

/** A table under a mark such as `<!-- members: sojourn Session -->`, which names the type that the table must match. */
export interface MarkedTable {
  readonly page: string
  readonly kind: string
  readonly words: readonly string[]
  /** Cells as text, without backticks; the head is left out. */
  readonly rows: readonly (readonly string[])[]
}

export function tablesOf(page: string): readonly MarkedTable[] {
  const marks = readPage(page).matchAll(/^<!-- (\w+)(?:: ([^>]+))? -->\n((?:\|.*\n?)+)/gm)
  return Array.from(marks, ([, kind = '', words = '', table = '']) => ({
    page,
    kind,
    words: words.split(' '),
    rows: table.trim().split('\n').slice(2).map(toCells),
  }))
}

function toCells(line: string): string[] {
  const cells = line.replaceAll('\\|', '\u0000').split('|').slice(1, -1)
  return cells.map((cell) => cell.replaceAll('\u0000', '|').replaceAll('`', '').trim())
}
