import { randomUUID } from 'node:crypto'
import { Router } from 'express'
import { linesOf, without } from '../cart.ts'
import { checkoutPage } from '../pages/checkout.ts'
import { orderPage } from '../pages/order.ts'
import type { Shop } from '../shop.ts'
import type { User } from '../users.ts'
import { field } from './form.ts'
import { requireRecentProof, requireUser } from './require.ts'
import { show } from './show.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function checkoutRoutes(shop: Shop): Router {
  const { catalogue, orders, sessions, users } = shop
  const router = Router()

  router.use('/checkout', requireUser(shop), requireRecentProof('/checkout'))
  router.use('/orders', requireUser(shop))

  router.get('/checkout', (req, res) => {
    const { data, userId } = sessions.get(req)
    const lines = linesOf(data.cart, catalogue)
    if (lines.length === 0) return res.redirect(303, '/cart')
    return show(shop, req, res, checkoutPage(users.find(userId) as User, lines, randomUUID()))
  })

  router.post('/checkout', async (req, res) => {
    const session = sessions.get(req)
    const id = field(req, 'order')
    const lines = linesOf(session.data.cart, catalogue)
    if (!UUID.test(id) || session.userId === null) return res.redirect(303, '/cart')
    if (lines.length === 0 && orders.find(session.userId, id) === null) return res.redirect(303, '/cart')
    // The order first, then the cart: killed in between, the same form finds its order and only empties the cart.
    const order = await orders.place(session.userId, id, lines)
    await session.update('cart', (cart) => without(cart, order.lines))
    res.redirect(303, `/orders/${order.id}`)
  })

  router.get('/orders/:id', (req, res, next) => {
    const order = UUID.test(req.params.id) ? orders.find(req.session.userId ?? '', req.params.id) : null
    return order === null ? next() : show(shop, req, res, orderPage(order))
  })

  return router
}
