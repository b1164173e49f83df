import { randomUUID } from 'node:crypto'
import { Router } from 'express'
import { linesOf, without } from '../cart.ts'
import { checkoutPage } from '../pages/checkout.ts'
import { orderPage } from '../pages/order.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { currentUser, requireRecentProof, requireShopper } from './require.ts'
import { show } from './show.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function checkoutRoutes(shop: Shop): Router {
  const { catalogue, orders, sessions } = shop
  const router = Router()

  router.use('/checkout', requireShopper(shop), requireRecentProof(shop))
  router.use('/orders', requireShopper(shop))

  router.get('/checkout', (req, res) => {
    const lines = linesOf(sessions.get(req).data.cart, catalogue)
    if (lines.length === 0) return res.redirect(303, '/cart')
    return show(shop, req, res, checkoutPage(currentUser(shop, req), lines, randomUUID()))
  })

  router.post('/checkout', async (req, res) => {
    const session = sessions.get(req)
    const user = currentUser(shop, req)
    const id = field(req, 'order')
    if (!UUID.test(id)) return res.redirect(303, '/cart')
    const lines = linesOf(session.data.cart, catalogue)
    // The order first, then the cart: killed in between, the order stands and the cart is merely still full.
    const isNew = lines.length > 0 && (await orders.place(user.id, id, lines))
    // Products that another tab added meanwhile stay in the cart.
    if (isNew) await session.update('cart', (cart) => without(cart, lines))
    res.redirect(303, orders.find(user.id, id) === null ? '/cart' : `/orders/${id}`)
  })

  router.get('/orders/:id', (req, res, next) => {
    const order = UUID.test(req.params.id) ? orders.find(req.session.userId ?? '', req.params.id) : null
    return order === null ? next() : show(shop, req, res, orderPage(order))
  })

  return router
}
