import type { Request, Response } from 'express'
import { linesOf, quantityOf } from '../cart.ts'
import { layout, type Notice, type Page } from '../pages/layout.ts'
import type { Shop } from '../shop.ts'

/** Answers with a page inside the frame that every page has. `text`: what to say above it. */
export async function show(
  shop: Shop,
  req: Request,
  res: Response,
  page: Page,
  status = 200,
  text?: string,
): Promise<void> {
  const session = shop.sessions.get(req)
  const html = await layout(page, {
    name: shop.users.find(session.userId)?.name ?? null,
    alarmCount: session.userId === null ? 0 : shop.alarms.list(session.userId).length,
    cartCount: quantityOf(linesOf(session.data.cart, shop.catalogue)),
    notice: (session.flash.take('notice') as Notice | undefined) ?? (text === undefined ? null : { text }),
    categories: shop.catalogue.categories,
    path: req.path,
    peek: session,
  })
  res.status(status).type('html').send(String(html))
}

/** Lets the scripts of this shop run on this page. The others have none. */
export function allowScript(res: Response): void {
  res.set('Content-Security-Policy', `${res.get('Content-Security-Policy')};script-src 'self'`)
}

/** Says something on the page that comes next. */
export function notify(req: Request, text: string, link?: Notice['link']): void {
  req.session.flash.set('notice', link === undefined ? { text } : { text, link: { ...link } })
}
