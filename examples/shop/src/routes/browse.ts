import { Router } from 'express'
import { productPage } from '../pages/product.ts'
import { homePage, shelfPage } from '../pages/shelf.ts'
import type { Shop } from '../shop.ts'
import { show } from './show.ts'

/** Looking around: none of this writes to the session, so none of it sets a cookie. */
export function browseRoutes(shop: Shop): Router {
  const { catalogue, sessions } = shop
  const router = Router()

  router.get('/', (req, res) => show(shop, req, res, homePage(catalogue)))

  router.get('/shelf/:slug', (req, res, next) => {
    const category = catalogue.category(req.params.slug)
    if (category === null) return next()
    return show(shop, req, res, shelfPage(category, catalogue))
  })

  router.get('/things/:slug', (req, res, next) => {
    const product = catalogue.product(req.params.slug)
    const category = product && catalogue.category(product.category)
    if (product === null || category === null) return next()
    const inCart = sessions.get(req).data.cart[product.slug] ?? 0
    return show(shop, req, res, productPage(product, category, inCart))
  })

  return router
}
