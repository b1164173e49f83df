/**
 * Ways to break what adapters do with a response. `aim`: the cells of the matrix that are there for this, or the tests
 * beside it where it cannot see the damage. At least one of them has to turn red.
 * @typedef {{ name: string, file: string, find: string, replace: string, aim: RegExp }} Breakage
 */

/** @type {readonly Breakage[]} */
const HELD = [
  {
    name: 'answers do not wait for the store',
    file: '_held-response.ts',
    find: 'const changes = attempt(() => this.#exchange.commit(status))',
    replace:
      'const late = attempt(() => this.#exchange.commit(status)); if (isPromise(late)) late.catch(() => {}); const changes = isPromise(late) ? [] : late',
    aim: /(node:http|Connect|Express).*store that (fails|answers)/,
  },
  {
    name: 'the cookie is dropped',
    file: '_node-headers.ts',
    find: 'applyChanges(response, changes)\n  return rest',
    replace: 'return rest',
    aim: /store that (has|answers)/,
  },
  {
    name: 'a header of a replaced head is dropped',
    file: '_node-headers.ts',
    find: 'for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)\n  }',
    replace: '}',
    aim: /writeHead|trailers/,
  },
  {
    name: 'the last call that waits is lost',
    file: '_held-wait.ts',
    find: 'const taken = this.#calls\n',
    replace: 'const taken = this.#calls; if (taken.length > 1) taken.splice(-2, 1)\n',
    aim: /write|pipe/,
  },
  {
    name: 'calls that wait change their order',
    file: '_held-wait.ts',
    find: 'const taken = this.#calls\n',
    replace: 'const taken = this.#calls; if (taken.length > 2) taken.unshift(...taken.splice(1, 1))\n',
    aim: /write|pipe/,
  },
  {
    name: 'nobody is told to go on',
    file: '_held-wait.ts',
    find: 'if (tells) this.#tell()',
    replace: '',
    aim: /waiting for drain|to HEAD/,
  },
  {
    name: 'drain goes by an event that a compression leads elsewhere',
    file: '_held-response.ts',
    find: 'leadsElsewhere(response) ? keepListeners(response)',
    replace: 'leadsElsewhere(response) && false ? keepListeners(response)',
    aim: /compression: outside.*waiting for drain/,
  },
  {
    name: 'drain from below is lost',
    file: '_held-drain.ts',
    find: "if (!isListening) below('on', 'drain', tell)",
    replace: '',
    aim: /compression: outside.*(pipe|drain)/,
  },
  {
    name: 'an end waits twice',
    file: '_held-wait.ts',
    find: "if (verb === 'end') markEnded(this.#response)",
    replace: "if (verb === 'end') this.#calls.push([verb, args])",
    aim: /answers at once.*end/,
  },
  {
    name: 'a response that waits does not look ended',
    file: '_held-wait.ts',
    find: 'marked[ENDED] = true',
    replace: 'marked[ENDED] = false',
    aim: /throw after the answer|a second answer/,
  },
  {
    name: 'a response that waits does not look sent',
    file: '_held-wait.ts',
    find: 'const thaw = freezes ? freezeHead(this.#response) : null',
    replace: 'const thaw = freezes ? () => void freezeHead : null',
    aim: /throw|a second answer/,
  },
  {
    name: 'a failed store goes unnoticed',
    file: '_held-response.ts',
    find: 'work.then(proceed).catch((error: unknown) => this.#fail(error, wait))',
    replace: 'work.then(proceed).catch(() => { wait.release(); this.#stage = "stored"; this.#replay(wait) })',
    aim: /fails/,
  },
  {
    name: 'a failed store is a 500',
    file: '_answer.ts',
    find: 'return { status: code, headers: { ...HEADERS, ...headers }, body }',
    replace: 'return { status: 500, headers: { ...HEADERS, ...headers }, body }',
    aim: /fails/,
  },
  {
    name: 'the error page keeps the headers of the answer',
    file: '_node-headers.ts',
    find: 'if (response.hasHeader(name)) response.removeHeader(name)',
    replace: '{}',
    aim: /fails.*(pipe with a length|compressible|trailers)/,
  },
  {
    name: 'the error page goes through a compression that has seen the end',
    file: '_held-failure.ts',
    find: 'this.#calls.restore()',
    replace: '',
    aim: /compression: (inside|outside).*fails/,
  },
  {
    name: 'a failed store breaks the connection off',
    file: '_held-failure.ts',
    find: 'else this.#takePlace(next)',
    replace: 'else this.#breakOff()',
    aim: /fails/,
  },
  {
    name: 'a failed store ends the process',
    file: '_held-failure.ts',
    find: 'answer(next: Next | undefined): void {',
    replace: 'answer(next: Next | undefined): void { setImmediate(() => { throw this.#error })',
    aim: /fails/,
  },
  {
    name: 'what is written after a failure goes out',
    file: '_held-failure.ts',
    find: 'if (!isOfTheError) return dropCall(this.#response, verb, args, this.#error)',
    replace: '',
    aim: /fails.*(write|pipe|flush|second)/,
  },
  {
    name: 'who waits for a failed store waits for ever',
    file: '_held-calls.ts',
    find: "return verb === 'write' ? true : response",
    replace: "return verb === 'write' ? false : response",
    aim: /fails.*waiting for drain/,
  },
  {
    name: 'a destroy does not wait',
    file: '_held-wait.ts',
    find: 'this.destroy(() => void Reflect.apply(destroy, response, args))',
    replace: 'Reflect.apply(destroy, response, args)',
    aim: /destroy/,
  },
  {
    name: 'a destroy of the connection does not wait',
    file: '_held-wait.ts',
    find: 'this.destroy(() => void Reflect.apply(value, socket, args))',
    replace: 'Reflect.apply(value as () => void, socket, args)',
    aim: /throw after the answer/,
  },
  {
    name: 'a destroy looks like the end',
    file: '_held-response.ts',
    find: 'this.#next = next\n',
    replace: 'this.#next = next; response.destroy = (() => void response.end()) as never\n',
    aim: /store that (has stored before|answers at once).*(in the middle|after the answer|a second answer)/,
  },
  {
    name: 'a destroy is lost',
    file: '_held-wait.ts',
    find: 'if (this.#release === null) setTimeout(destroy, 0)',
    replace: 'if (this.#release === null) return',
    aim: /destroy in the middle|throw/,
  },
  {
    name: 'the client that leaves costs its edits',
    file: '_held-response.ts',
    find: 'finishQuietly(this.#exchange)',
    replace: '',
    aim: /the client leaves/,
  },
  {
    name: 'the close of a response that waits is lost',
    file: '_held-response.ts',
    find: 'if (this.#isClosed) this.#finishQuietly()',
    replace: '',
    aim: /a client that leaves gets its later edits stored/,
  },
  {
    name: 'flushed headers stay',
    file: '_held-response.ts',
    find: "return verb === 'flushHeaders' ? this.#flushHeaders() : this.#commit(verb, args)",
    replace: "return verb === 'flushHeaders' ? undefined : this.#commit(verb, args)",
    aim: /flushHeaders/,
  },
  {
    name: 'flush fails',
    file: '_held-response.ts',
    find: "const heldFlush = (...args: Args): unknown => call('flush', args)",
    replace: "const heldFlush = (): unknown => { throw new TypeError('no flush') }",
    aim: /flush/,
  },
  {
    name: 'early hints are lost',
    file: '_held-response.ts',
    find: 'Object.assign(response, held)\n',
    replace: 'Object.assign(response, held, { writeEarlyHints() {} })\n',
    aim: /early hints/,
  },
  {
    name: 'trailers are lost',
    file: '_held-response.ts',
    find: 'Object.assign(response, held)\n',
    replace: 'Object.assign(response, held, { addTrailers() {} })\n',
    aim: /trailers/,
  },
  {
    name: 'a head that node refuses ends the response',
    file: '_held-response.ts',
    find: "this.#stage = 'stored'\n        this.#isEnded = false",
    replace: '',
    aim: /middleware whose end throws/,
  },
]

/** @type {readonly Breakage[]} */
const FRAMEWORKS = [
  {
    name: 'Fastify: answers do not wait for the store',
    file: 'fastify.ts',
    find: 'changes = exchange.commit(reply.statusCode)',
    replace:
      'changes = exchange.commit(reply.statusCode); if (isPromise(changes)) { changes.catch(() => {}); changes = [] }',
    aim: /Fastify.*fails/,
  },
  {
    name: 'Fastify: a response that waits does not look sent',
    file: '_held-wait.ts',
    find: '    this.begin(true)\n    markEnded(this.#response)\n',
    replace: '',
    aim: /Fastify.*(second send|after the answer)/,
  },
  {
    name: 'Fastify: a stream that breaks meanwhile is not watched',
    file: 'fastify.ts',
    find: 'const broken = watchStream(payload)',
    replace: 'const broken = () => undefined; void watchStream',
    aim: /Fastify.*a stream that breaks meanwhile/,
  },
  {
    name: 'Fastify: what broke meanwhile is sent',
    file: 'fastify.ts',
    find: '(late) => goOn(() => apply(late, broken()))',
    replace: '(late) => goOn(() => apply(late))',
    aim: /Fastify.*a stream that breaks meanwhile/,
  },
  {
    name: 'Fastify: a stream that nobody reads stays open',
    file: 'fastify.ts',
    find: 'letGo(payload)',
    replace: '',
    aim: /Fastify.*fails.*the client leaves/,
  },
  {
    name: 'Fastify: a hijacked response goes past the hold',
    file: 'fastify.ts',
    find: 'const held = new HeldResponse(reply.raw, exchange)',
    replace: 'const held = new HeldResponse(Object.create(reply.raw), exchange)',
    aim: /Fastify.*hijack/,
  },
  {
    name: 'Koa: answers do not wait for the store',
    file: 'koa.ts',
    find: 'await stored',
    replace: 'Promise.resolve(stored).catch(() => {})',
    aim: /Koa.*fails/,
  },
  {
    name: 'Koa: a stream that nobody reads stays open',
    file: 'koa.ts',
    find: 'letGo(ctx.body)',
    replace: 'void letGo',
    aim: /Koa.*fails.*the client leaves/,
  },
  {
    name: 'Koa: a response by hand goes past the hold',
    file: 'koa.ts',
    find: 'if (ctx.respond !== false) await store(ctx, held)',
    replace: 'await store(ctx, held); if (ctx.respond === false) held.claim()',
    aim: /Koa.*by hand, later/,
  },
  {
    name: 'NestJS: no session on Express',
    file: 'nestjs.ts',
    find: 'adapter.use(expressSessions(this.#sessions))',
    replace: 'void expressSessions',
    aim: /NestJS on Express/,
  },
  {
    name: 'NestJS: no session on Fastify',
    file: 'nestjs.ts',
    find: 'await adapter.getInstance().register(fastifySessions, { sessions: this.#sessions })',
    replace: 'void fastifySessions',
    aim: /NestJS on Fastify/,
  },
  {
    name: 'NestJS: an outage is a mistake of the application',
    file: 'nestjs.ts',
    find: 'const isOurs = isAnswered(error)',
    replace: 'const isOurs = isAnswered(error) && false',
    aim: /NestJS.*fails/,
  },
  {
    name: 'Hono: answers do not wait for the store',
    file: 'hono.ts',
    find: 'return settle(() => (held === null ? commitWhole(exchange, c.res) : exchange.commit(c.res.status)), apply, fail)',
    replace:
      'const late = exchange.commit(c.res.status); if (isPromise(late)) late.catch(() => {}); return settle(() => isPromise(late) ? [] : late, apply, fail)',
    aim: /Hono.*fails/,
  },
  {
    name: 'Hono: a stream that nobody reads stays open',
    file: 'hono.ts',
    find: 'letGo(c.res)',
    replace: '',
    aim: /Hono.*fails.*the client leaves/,
  },
  {
    name: 'Hono: the error page keeps the headers of the answer',
    file: 'hono.ts',
    find: 'dropHeaders({ hasHeader: () => true, removeHeader: (name) => c.header(name) })',
    replace: 'void dropHeaders',
    aim: /Hono.*fails.*redirect/,
  },
  {
    name: 'Hono: the error page loses the headers about the server',
    file: 'hono.ts',
    find: 'for (const [name, value] of headers) c.header(name, value)',
    replace: '',
    aim: /Hono: .* keeps the headers about the server/,
  },
  {
    name: 'Hono: a failed store is not passed on',
    file: 'hono.ts',
    find: 'throw withPage(error)',
    replace: 'void withPage(error)',
    aim: /Hono.*fails/,
  },
  {
    name: 'fetch: answers do not wait for the store',
    file: '_hold-response.ts',
    find: 'const changes = await commitWhole(exchange, response)',
    replace:
      'const late = Promise.resolve(commitWhole(exchange, response)); late.catch(() => {}); const changes: never[] = []',
    aim: /fetch, .*fails/,
  },
  {
    name: 'fetch: the cookie is dropped',
    file: '_fetch-response.ts',
    find: '  apply(copy.headers, changes)\n',
    replace: '',
    aim: /(fetch|by fetch), .*(has|answers)/,
  },
  {
    name: 'fetch: the status is dropped',
    file: '_fetch-response.ts',
    find: 'const copy = new Response(response.body, response)',
    replace: 'const copy = new Response(response.body, { headers: response.headers })',
    aim: /(redirect|throw)/,
  },
  {
    name: 'fetch: the error page keeps the headers of the answer',
    file: '_hold-response.ts',
    find: 'removeHeader: (name) => kept.delete(name)',
    replace: 'removeHeader() {}',
    aim: /^fetch, .*fails.*redirect/,
  },
  {
    name: 'fetch: the error page loses the headers about the server',
    file: '_hold-response.ts',
    find: 'new Headers(replaced)',
    replace: 'new Headers()',
    aim: /fetch: .* keeps the headers about the server/,
  },
  {
    name: 'fetch: a stream loses its last piece',
    file: '_fetch-response.ts',
    find: 'if (!done) return controller.enqueue(value)',
    replace:
      'if (!done) return void (this as { last?: Uint8Array }).last, ((kept) => { (controller as never as { kept: unknown }).kept = value; if (kept) controller.enqueue(kept as never); else controller.enqueue(new Uint8Array(0)) })((controller as never as { kept: unknown }).kept)',
    aim: /fetch.*stream/,
  },
  {
    name: 'fetch: a stream never ends',
    file: '_fetch-response.ts',
    find: 'controller.close()',
    replace: 'await new Promise(() => {})',
    aim: /fetch.*stream/,
  },
  {
    name: 'fetch: the client that leaves costs its edits',
    file: '_fetch-response.ts',
    find: 'await finishQuietly(exchange)\n        await reader.cancel(reason)',
    replace: 'await reader.cancel(reason)',
    aim: /fetch.*the client leaves/,
  },
  {
    name: 'fetch: the source of a client that left goes on',
    file: '_fetch-response.ts',
    find: '        await reader.cancel(reason)\n',
    replace: '',
    aim: /fetch.*the client leaves/,
  },
]

/** @type {readonly Breakage[]} */
const UPGRADES = [
  {
    name: 'Fastify: a refused handshake keeps its connection',
    file: 'fastify.ts',
    find: "if (request.headers.upgrade !== undefined) reply.raw.once('finish', () => request.raw.socket.destroySoon())",
    replace: '',
    aim: /Fastify a store that fails/,
  },
  {
    name: 'a session that cannot be opened is no obstacle',
    file: '_node-open.ts',
    find: 'return settle(() => sessions.open(view), begin, fail)',
    replace: 'return settle(() => sessions.open(view), begin, () => run(undefined as never))',
    aim: /(node:http|Connect|Express \d) a store that fails/,
  },
  {
    name: 'the handler does not run',
    file: '_node-open.ts',
    find: 'return run(exchange.session)',
    replace: 'return sendAnswer(response, { status: 200, headers: {}, body: "" })',
    aim: /(node:http|Connect|Express \d) a store that answers/,
  },
  {
    name: 'Fastify: a session that cannot be opened is no obstacle',
    file: 'fastify.ts',
    find: 'done(error as Error)\n    }\n    settle(() => sessions.open',
    replace: 'done()\n    }\n    settle(() => sessions.open',
    aim: /Fastify a store that fails/,
  },
  {
    name: 'Fastify: the handler does not run',
    file: 'fastify.ts',
    find: 'sessions.attach(request, exchange.session)\n      done()',
    replace: 'sessions.attach(request, exchange.session)\n      reply.code(404).send()',
    aim: /Fastify a store that answers/,
  },
  {
    name: 'Hono: the handler does not run',
    file: 'hono.ts',
    find: '        await next()\n',
    replace: "        return c.text('', 404)\n",
    aim: /Hono on node a store that answers/,
  },
]

export const BREAKAGES = [...HELD, ...FRAMEWORKS, ...UPGRADES]

/** @param {string | undefined} name */
export function breakage(name) {
  const found = BREAKAGES.find((one) => one.name === name)
  if (name !== undefined && name !== '' && found === undefined) throw new Error(`There is no breakage "${name}".`)
  return found
}
