import { createServer } from 'node:http'
import type { AdapterServer } from '@sojourn/conformance'
import { createElement } from 'react'
import {
  type ActionFunctionArgs,
  createRequestHandler,
  type LoaderFunctionArgs,
  type MiddlewareFunction,
  type ServerBuild,
} from 'react-router'
import { toNodeHandler } from 'sojourn/node'
import { listen } from './node-reply.ts'

type Handler = (args: LoaderFunctionArgs | ActionFunctionArgs) => unknown

export interface ReactRouterApp {
  /** Of the root route. */
  readonly middleware: MiddlewareFunction<Response>[]
  /** The resource route for all paths but `/page`. */
  readonly answer: Handler
  /** The loader and the action of `/page`, which is a page with a component. */
  readonly page?: Handler
  /** React Router's flag: middleware sees the address that the browser asked for. Default `true`, as in version 8. */
  readonly passThrough?: boolean
  /** Whether the server aborts the request when its client leaves, as @react-router/node does. Default `true`. */
  readonly hearsOfLeaving?: boolean
}

const SINGLE = { hasLoader: true, hasAction: true, hasErrorBoundary: false, hasClientLoader: false }

/** What React Router's compiler makes of an application: the manifest of its routes, with their modules. */
function toBuild({ middleware, answer, page = () => null, passThrough = true }: ReactRouterApp): ServerBuild {
  const routes = {
    root: { id: 'root', module: { middleware, default: () => null } },
    page: {
      id: 'page',
      parentId: 'root',
      path: 'page',
      module: { loader: page, action: page, default: () => createElement('p') },
    },
    home: { id: 'home', parentId: 'root', path: '/', module: { loader: answer, action: answer } },
    answer: { id: 'answer', parentId: 'root', path: '*', module: { loader: answer, action: answer } },
  }
  const assets = Object.fromEntries(
    Object.values(routes).map(({ id }) => [id, { id, module: '', hasClientAction: false, ...SINGLE }]),
  )
  return {
    entry: {
      module: {
        default: (_: Request, status: number, headers: Headers, context: { staticHandlerContext: object }) =>
          new Response(JSON.stringify((context.staticHandlerContext as { loaderData?: object }).loaderData), {
            status,
            headers: new Headers([...headers, ['content-type', 'text/html']]),
          }),
        handleError: () => {},
      },
    },
    routes,
    assets: { entry: { imports: [], module: '' }, routes: assets, url: '', version: '1' },
    publicPath: '/',
    assetsBuildDirectory: '',
    future: { v8_middleware: true, v8_passThroughRequests: passThrough },
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: 'initial', manifestPath: '/__manifest' },
  } as unknown as ServerBuild
}

/** The application on node:http. */
export function serveReactRouter(app: ReactRouterApp): Promise<AdapterServer> {
  const handle = createRequestHandler(toBuild(app), 'production')
  const { signal } = new AbortController()
  const toRequest = (request: Request): Request =>
    app.hearsOfLeaving === false ? new Request(request, { signal }) : request
  return listen(createServer(toNodeHandler((request) => handle(toRequest(request)))))
}
