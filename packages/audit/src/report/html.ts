export { toHtml } from './html/page.ts'
