import { Router } from 'express'
import { changed, linesOf } from '../cart.ts'
import { cartPage } from '../pages/cart.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { notify, show } from './show.ts'

/** The cart lives in the session: it is there before you sign in, and comes along when you do. */
export function cartRoutes(shop: Shop): Router {
  const { catalogue, sessions } = shop
  const router = Router()

  router.get('/cart', (req, res) => {
    const { data, userId } = sessions.get(req)
    return show(shop, req, res, cartPage(linesOf(data.cart, catalogue), userId !== null))
  })

  router.post('/cart/:slug', async (req, res, next) => {
    const product = catalogue.product(req.params.slug)
    const by = Number(field(req, 'by'))
    if (product === null || !Number.isInteger(by)) return next()
    await sessions.get(req).update('cart', (cart) => changed(cart, product.slug, by))
    if (field(req, 'back') === 'cart') return res.redirect(303, '/cart')
    notify(req, `The ${product.name} is in your cart.`, { href: '/cart', text: 'See the cart' })
    res.redirect(303, `/things/${product.slug}`)
  })

  router.post('/cart/:slug/remove', async (req, res) => {
    const { slug } = req.params
    await sessions.get(req).update('cart', ({ [slug]: _, ...others }) => others)
    res.redirect(303, '/cart')
  })

  return router
}
