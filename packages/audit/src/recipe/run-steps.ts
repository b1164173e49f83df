import type { Client, RequestOptions } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { extractFrom } from './extract.ts'
import { fill, fillJson, StepFailed, type Variables } from './fill.ts'
import type { Step } from './recipe.ts'

export interface StepsDone {
  readonly exchanges: readonly Exchange[]
  /** The given variables, and those that were extracted. */
  readonly variables: Variables
}

/** Called with every value that a step extracts, so that it can be masked. */
export type Learn = (value: string, name: string, from: string) => void

/** Runs the steps one after another. Throws `StepFailed`. */
export async function runSteps(
  client: Client,
  steps: readonly Step[],
  given: Variables,
  purpose: string,
  learn: Learn,
): Promise<StepsDone> {
  const variables = new Map(given)
  const exchanges: Exchange[] = []
  for (const step of steps) {
    const request = toRequest(step, variables, purpose)
    const chain = step.follow === false ? [await client.send(request)] : await client.follow(request)
    exchanges.push(...chain)
    const last = chain.at(-1)
    if (last?.response == null) throw new StepFailed(`${request.method} ${step.get ?? request.url}: ${last?.fault}`)
    const { status } = last.response
    if (step.status !== undefined && status !== step.status) {
      throw new StepFailed(`${request.method} ${pathOf(last)} was answered ${status}, not ${step.status}`)
    }
    for (const [name, where] of Object.entries(step.extract ?? {})) {
      const value = extractFrom(last, client, where)
      if (value === null) {
        throw new StepFailed(`${pathOf(last)} (${status}) has no ${Object.keys(where)[0]} for \${${name}}`)
      }
      if (value.length >= 16) learn(value, name, `${Object.keys(where)[0]} of the answer to exchange ${last.number}`)
      variables.set(name, value)
    }
  }
  return { exchanges, variables }
}

const pathOf = (exchange: Exchange) => new URL(exchange.request.url).pathname

/** A step with its texts filled in. */
export function toRequest(step: Step, variables: Variables, purpose: string): RequestOptions & { method: string } {
  const [method = 'get', address = '/'] =
    (['get', 'post', 'put', 'patch', 'delete'] as const)
      .map((name) => [name, step[name]] as const)
      .find(([, held]) => held !== undefined) ?? []
  const { type, body } = bodyOf(step, variables)
  const headers = Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value, variables)] as const)
  const says = new Set(headers.map(([name]) => name.toLowerCase()))
  return {
    method: method.toUpperCase(),
    url: fillAddress(address, variables),
    headers: type === null || says.has('content-type') ? headers : [...headers, ['content-type', type]],
    body,
    purpose,
  }
}

/** A variable may be a whole address. In a part of an address, it is encoded. */
function fillAddress(address: string, variables: Variables): string {
  return /^\$\{[\w.-]+\}$/.test(address) ? fill(address, variables) : fill(address, variables, encodeURIComponent)
}

function bodyOf(step: Step, variables: Variables): { type: string | null; body: string | null } {
  if (step.form !== undefined) {
    const pairs = Object.entries(step.form).map(([name, value]): [string, string] => [name, fill(value, variables)])
    return { type: 'application/x-www-form-urlencoded', body: new URLSearchParams(pairs).toString() }
  }
  if (step.json !== undefined) return { type: 'application/json', body: JSON.stringify(fillJson(step.json, variables)) }
  return { type: null, body: step.body === undefined ? null : fill(step.body, variables) }
}
