import type { Form } from '../http/page.ts'
import type { Extract, Step } from '../recipe/recipe.ts'
import { withoutPathParameters } from './bound-address.ts'
import type { Explorer } from './explorer.ts'

/** Steps that open the page of a form and send it: hidden values are taken anew from the page each time. */
export function formStep(explorer: Explorer, pageUrl: string, form: Form, filled: ReadonlyMap<string, string>): Step[] {
  const extract: Record<string, Extract> = {}
  const values: Record<string, string> = {}
  const [button] = form.buttons
  for (const { name, type, value } of button === undefined ? form.fields : [...form.fields, button]) {
    const given = filled.get(name)
    if (given !== undefined) values[name] = given
    else if (type === 'hidden' && value !== '') {
      const variable = `form_${name.replace(/[^\w-]/g, '_')}`
      extract[variable] = { field: name }
      values[name] = `\${${variable}}`
    } else values[name] = value.replaceAll('${', '')
  }
  const open: Step = {
    get: withoutPathParameters(explorer.address(pageUrl)),
    ...(Object.keys(extract).length > 0 && { extract }),
  }
  const address = withoutPathParameters(explorer.address(form.action))
  return [open, form.method === 'POST' ? { post: address, form: values } : { get: withQuery(address, values) }]
}

function withQuery(address: string, values: Readonly<Record<string, string>>): string {
  const [path = ''] = address.split('?')
  const pairs = Object.entries(values).map(([name, value]) => `${encodeURIComponent(name)}=${value}`)
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}
