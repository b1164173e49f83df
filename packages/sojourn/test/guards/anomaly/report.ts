import { HONEST } from './honest.ts'
import { HOSTILE } from './hostile.ts'
import { isFound, type Rate, type Result, rateOf } from './measure.ts'

const percent = (share: number): string => (share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)

/** `97 % (93 to 99)`. */
export function toText({ hits, of, low, high }: Rate): string {
  return `${percent(hits / of)} % (${percent(low)} to ${percent(high)})`
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** Results by what the look-up knew. */
export type Columns = readonly (readonly [title: string, results: readonly Result[]])[]

const pair = (results: readonly Result[]): string[] => [
  toText(rateOf(results, (result) => isFound(result, 'medium'))),
  toText(rateOf(results, (result) => isFound(result, 'high'))),
]

export function attackTable(columns: Columns): string {
  const head = ['attack', ...columns.flatMap(([title]) => [`noticed, ${title}`, `distrusted, ${title}`])]
  const rows = Object.entries(HOSTILE).map(([kind, { text }]) => [
    text,
    ...columns.flatMap(([, results]) =>
      pair(results.filter(({ history }) => history.hostile && history.kind === kind)),
    ),
  ])
  return table(head, rows)
}

export function honestTable(columns: Columns): string {
  const head = ['honest use', 'share', ...columns.flatMap(([title]) => [`noticed, ${title}`, `distrusted, ${title}`])]
  const rows = Object.entries(HONEST).map(([kind, { text, share }]) => [
    text,
    `${share} %`,
    ...columns.flatMap(([, results]) =>
      pair(results.filter(({ history, isMixed }) => !history.hostile && !isMixed && history.kind === kind)),
    ),
  ])
  const all = columns.flatMap(([, results]) => pair(results.filter(({ isMixed }) => isMixed)))
  return table(head, [...rows, ['**all, by these shares**', '', ...all]])
}

/** How each signal shows in the text of a finding, and in which attacks it has to. */
const SIGNALS: readonly (readonly [finding: string, sign: RegExp, attacks: readonly string[]])[] = [
  ['browser-changed', /keeps its cookies to itself/, ['own-browser', 'script']],
  ['platform-changed', /change its system|desktop site/, ['own-browser']],
  ['browser-downgraded', /an older version/, ['own-browser']],
  ['networks-at-once', /as if two people used it/, ['own-browser', 'disguised', 'disguised-nearby', 'script']],
  ['impossible-travel', /Nobody travels that fast/, ['own-browser', 'disguised', 'script']],
  ['network-kind-changed', /rented servers/, ['script']],
  ['token-reused', /old token|was replaced a while ago/, ['old-token']],
  ['used-after-logout', /after its logout/, ['after-logout']],
  ['used-after-login', /before a login/, ['fixation']],
  ['ids-probed', /never issued here/, ['probing']],
  ['creation-burst', /network began/, ['creating']],
  ['failure-burst', /failed to log in/, ['spraying']],
  ['privileged-without-login', /rights of a user/, ['privileged']],
]

export function signalTable(columns: Columns): string {
  const head = [
    'finding',
    'looked for in',
    ...columns.flatMap(([title]) => [`found, ${title}`, `false alarms, ${title}`]),
  ]
  const rows = SIGNALS.map(([finding, sign, attacks]) => [
    `\`${finding}\``,
    attacks.map((kind) => HOSTILE[kind]?.text).join('; '),
    ...columns.flatMap(([, results]) => {
      const shows = (result: Result): boolean =>
        result.driven.found.some(
          ({ finding: word, message, level }) => level !== 'low' && (word === finding || sign.test(message)),
        )
      const hostile = results.filter(({ history }) => history.hostile && attacks.includes(history.kind))
      return [
        toText(rateOf(hostile, shows)),
        toText(
          rateOf(
            results.filter(({ isMixed }) => isMixed),
            shows,
          ),
        ),
      ]
    }),
  ])
  return table(head, rows)
}
