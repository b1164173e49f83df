import { html } from 'hono/html'

/** Whatever is put into the template is escaped, unless it was made by the template itself. */
export { html }
export type Html = ReturnType<typeof html>
