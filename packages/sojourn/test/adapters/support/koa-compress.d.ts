/** The package has no types. */
declare module 'koa-compress' {
  import type { Middleware } from 'koa'

  function compress(options: { threshold: number }): Middleware
  export = compress
}
