const NAME = String.raw`[\w.\[\]-]*(?:csrf|xsrf|nonce|sectok|authenticity|verification|token)[\w.\[\]-]*`

/** `<input type="hidden" name="_csrf" value="…">` and `<meta name="csrf-token" content="…">`, in any order. */
const TAG = /<(?:input|meta)\b[^>]*>/gi
const NAMED = new RegExp(String.raw`\sname=["']?(${NAME})["'\s/>]`, 'i')
const HELD = /\s(?:value|content)=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i
/** In the address of a link: `/logout?sectok=…`. */
const IN_ADDRESS = new RegExp(String.raw`[?&;](${NAME})=([\w%.~+/-]+)`, 'gi')
const IN_JSON = new RegExp(String.raw`"(${NAME})"\s*:\s*"([^"\\]+)"`, 'gi')

/** Random by its looks: a name or a word is none. */
const IS_RANDOM = /^(?=.*\d)[\w%.~+/=|:-]{8,}$/

/** The tokens against forgery that an answer holds, and the nonces of its links: name and value. */
export function pageTokensIn(body: string): [name: string, value: string][] {
  const tags = [...body.matchAll(TAG)].flatMap(([tag]): [string, string][] => {
    const [, name] = NAMED.exec(tag) ?? []
    const [, double, single, bare] = HELD.exec(tag) ?? []
    return name === undefined ? [] : [[name, double ?? single ?? bare ?? '']]
  })
  const written = [IN_ADDRESS, IN_JSON].flatMap((form) =>
    [...body.matchAll(form)].map(([, name = '', value = '']): [string, string] => [name, value]),
  )
  return [...tags, ...written].filter(([, value]) => IS_RANDOM.test(value))
}
