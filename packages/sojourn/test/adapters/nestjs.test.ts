import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type DynamicModule,
  Get,
  HttpException,
  Post,
  Req,
  StreamableFile,
  type Type,
  UseGuards,
} from '@nestjs/common'
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { createSessions, type Session, SessionError, type Sessions } from 'sojourn'
import { CurrentSession, InjectSessions, requireUser, SessionsModule } from 'sojourn/nestjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClock } from '../core/kit.ts'
import { type Platform, startNest } from './support/nest-apps.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

async function start(
  platform: Platform,
  imports: readonly DynamicModule[],
  controllers: readonly Type[],
  ...more: Parameters<typeof startNest> extends [unknown, unknown, unknown, ...infer Rest] ? Rest : never
) {
  const server = await startNest(platform, imports, controllers, ...more)
  onTestFinished(server.close)
  return server
}

@Controller()
class Account {
  readonly #sessions: Sessions<Record<string, unknown>>

  constructor(@InjectSessions() sessions: Sessions<Record<string, unknown>>) {
    this.#sessions = sessions
  }

  @Get()
  whoAmI(@CurrentSession() session: Session) {
    return { user: session.userId }
  }

  @Post('login')
  async login(@CurrentSession() session: Session, @Body() body: { name: string }) {
    await session.login(body.name)
    return { user: session.userId }
  }

  @Post('theme')
  setTheme(@CurrentSession() session: Session) {
    session.data.theme = 'dark'
  }

  @Get('devices')
  @UseGuards(requireUser())
  async devices(@CurrentSession() session: Session, @Req() request: object) {
    return {
      count: (await this.#sessions.list(session.userId ?? '')).length,
      same: this.#sessions.get(request) === session,
    }
  }

  @Get('file')
  file(@CurrentSession() session: Session) {
    async function* pieces() {
      yield 'one '
      session.data.read = true
      yield 'two'
    }
    return new StreamableFile(Readable.from(pieces()))
  }
}

const asJson = (body: object): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})

describe.each(['Express', 'Fastify'] as const)('SessionsModule on %s', (platform) => {
  test('every controller has the session, and providers have the sessions', async () => {
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions: createSessions() })], [Account])
    const ada = createVisitor(origin)
    expect(await (await ada.fetch('/')).json()).toEqual({ user: null })
    expect(await (await ada.fetch('/login', asJson({ name: 'ada' }))).json()).toEqual({ user: 'ada' })
    expect(await (await ada.fetch('/')).json()).toEqual({ user: 'ada' })
    expect(await (await ada.fetch('/devices')).json()).toEqual({ count: 1, same: true })
  })

  test('routes below a global prefix, and a handler that changes the data without an answer of its own', async () => {
    const sessions = createSessions()
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions })], [Account], (app) =>
      app.setGlobalPrefix('api'),
    )
    const ada = createVisitor(origin)
    const changed = await ada.fetch('/api/theme', { method: 'POST' })
    expect([changed.status, changed.headers.getSetCookie().length]).toEqual([201, 1])
    expect(await (await ada.fetch('/api')).json()).toEqual({ user: null })
  })

  test('forRootAsync makes the sessions from other providers', async () => {
    const sessions = createSessions()
    const module = SessionsModule.forRootAsync({
      inject: [HttpAdapterHost],
      useFactory: async (host: HttpAdapterHost) => {
        expect(host.httpAdapter.getType()).toBe(platform.toLowerCase())
        return { sessions }
      },
    })
    const { origin } = await start(platform, [module], [Account])
    expect(await (await createVisitor(origin).fetch('/')).json()).toEqual({ user: null })
  })

  test('session written while streaming: it is stored before the last byte', async () => {
    const sessions = createSessions({ store: lateStore() })
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions })], [Account])
    const ada = createVisitor(origin)
    await ada.fetch('/login', asJson({ name: 'ada' }))
    expect(await (await ada.fetch('/file')).text()).toBe('one two')
    const { sessions: stored } = await sessions.export('ada')
    expect(stored).toMatchObject([{ data: { read: true } }])
  })

  test('a revoked session whose thief parked the request before its last byte opens nothing', async () => {
    const clock = createClock()
    const sessions = createSessions({ store: lateStore(), clock })
    let letIn = (): void => {}
    @Controller()
    class Transfer {
      @Post('login')
      async login(@CurrentSession() session: Session) {
        await session.login('ada')
      }

      @Post('transfer')
      transfer(@CurrentSession() session: Session, @Body() body: { amount: number }) {
        return { user: session.userId, amount: body.amount }
      }
    }
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions })], [Transfer], (app) =>
      app.use((_request: unknown, _response: unknown, next: () => void) => {
        next()
        letIn()
      }),
    )
    const { headers } = await fetch(`${origin}/login`, { method: 'POST' })
    const stolen = headers.getSetCookie()[0]?.split(';')[0]
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    const arrived = new Promise<void>((resolve) => {
      letIn = resolve
    })
    const body = '{"amount":100}'
    socket.write(
      `POST /transfer HTTP/1.1\r\nHost: localhost\r\nCookie: ${stolen}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, -1)}`,
    )
    await arrived
    await sessions.revokeAll('ada')
    clock.advance(1000)
    socket.write(body.slice(-1))
    await once(socket, 'close')
    expect(received).toContain('{"user":null,"amount":100}')
  })

  test.each([
    ['read', '/', 'GET'],
    ['create', '/theme', 'POST'],
  ] as const)(
    'a store that cannot answer (%s) is a 503 in the form of Nest, with Retry-After',
    async (operation, path, method) => {
      const sessions = createSessions({ store: failingStore(operation) })
      const { origin } = await start(platform, [SessionsModule.forRoot({ sessions })], [Account])
      const response = await fetch(origin + path, { method, headers: operation === 'read' ? SOME_TOKEN : {} })
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await response.json()).toEqual({
        statusCode: 503,
        message: 'The server cannot answer right now. Try again in a moment.',
      })
    },
  )

  test("an application's own filter gets the error itself, and its answer goes out", async () => {
    const caught: unknown[] = []
    @Catch(SessionError)
    class Sorry extends BaseExceptionFilter {
      override catch(error: SessionError, host: ArgumentsHost): void {
        caught.push(error.code)
        super.catch(new HttpException('sorry', error.status), host)
      }
    }
    const sessions = createSessions({ store: failingStore('read') })
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions })], [Account], (app) =>
      app.useGlobalFilters(new Sorry(app.getHttpAdapter())),
    )
    const response = await fetch(origin, { headers: SOME_TOKEN })
    expect([response.status, await response.json(), caught]).toEqual([
      503,
      { statusCode: 503, message: 'sorry' },
      ['ERR_STORE'],
    ])
  })

  test('a mistake of the application is a 500 that tells the client nothing', async () => {
    @Controller()
    class Mistaken {
      @Get()
      show(@CurrentSession() session: Session) {
        session.data.when = () => 'no JSON'
      }
    }
    const { origin } = await start(platform, [SessionsModule.forRoot({ sessions: createSessions() })], [Mistaken])
    const response = await fetch(origin)
    expect([response.status, await response.json()]).toEqual([
      500,
      { statusCode: 500, message: 'Internal server error' },
    ])
  })

  describe('mistakes of mounting', () => {
    test.each([
      ['nothing', undefined],
      ['an object without sessions', {}],
      ['the sessions without braces', createSessions()],
      ['the function itself', { sessions: createSessions }],
    ])('%s', async (_, options) => {
      const message = expect.stringMatching(
        /SessionsModule\.forRoot(Async)? got no sessions\. Write SessionsModule\.forRoot/,
      )
      expect(() => SessionsModule.forRoot(options as never)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', message }),
      )
      const late = SessionsModule.forRootAsync({ useFactory: () => options as never })
      await expect(startNest(platform, [late], [])).rejects.toMatchObject({ code: 'ERR_OPTION', message })
    })

    test('an option that nobody reads', () => {
      const options = { sessions: createSessions(), trustProxy: 1 }
      expect(() => SessionsModule.forRoot(options)).toThrow('SessionsModule.forRoot has no option "trustProxy"')
    })

    test('imported twice', async () => {
      const imports = [createSessions(), createSessions()].map((sessions) => SessionsModule.forRoot({ sessions }))
      await expect(startNest(platform, imports, [])).rejects.toMatchObject({
        code: 'ERR_OPTION',
        message: expect.stringContaining('SessionsModule is imported twice. Import SessionsModule.forRoot once'),
      })
    })

    test('never imported', async () => {
      const told: unknown[] = []
      @Catch()
      class Tell extends BaseExceptionFilter {
        override catch(error: unknown, host: ArgumentsHost): void {
          told.push(error)
          super.catch(error, host)
        }
      }
      @Controller()
      class Lonely {
        @Get()
        read(@CurrentSession() session: Session) {
          return session.userId
        }

        @Get('account')
        @UseGuards(requireUser())
        account() {}
      }
      const { origin } = await start(platform, [], [Lonely], (app) =>
        app.useGlobalFilters(new Tell(app.getHttpAdapter())),
      )
      await fetch(origin)
      await fetch(`${origin}/account`)
      expect(told).toMatchObject([
        { code: 'ERR_NO_SESSION', message: expect.stringContaining('Import SessionsModule.forRoot({ sessions })') },
        { code: 'ERR_NO_SESSION', message: expect.stringContaining('Mount the sojourn adapter before requireUser') },
      ])
    })
  })
})

test('another platform is refused when the application starts', async () => {
  class OtherAdapter extends ExpressAdapter {
    override getType(): string {
      return 'uws'
    }
  }
  const { NestFactory } = await import('@nestjs/core')
  const module = SessionsModule.forRoot({ sessions: createSessions() })
  const app = await NestFactory.create(module, new OtherAdapter(), { logger: false, abortOnError: false })
  await expect(app.init()).rejects.toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining('uws') })
  await app.close()
})
