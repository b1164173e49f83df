import { Router } from 'express'
import { accountPage } from '../pages/account.ts'
import type { Shop } from '../shop.ts'
import { currentUser, proofPage, requireRecentProof, requireShopper } from './require.ts'
import { notify, show } from './show.ts'

export function accountRoutes(shop: Shop): Router {
  const { alarms, orders } = shop
  const router = Router()

  router.use('/account', requireShopper(shop))
  // A person who finds an open session must not be able to log out its owner's other devices (ASVS 5.0 7.5.2).
  router.use('/account/devices', requireRecentProof(shop))

  // Nor must a thief answer the alarm about themselves.
  router.use('/account/alarms', requireRecentProof(shop))

  router.get('/account', async (req, res) => {
    const user = currentUser(shop, req)
    const account = {
      user,
      devices: await req.session.devices(),
      bound: alarms.bound(user.id),
      alarms: alarms.list(user.id),
      proof: proofPage(shop, user.id),
      orders: orders.list(user.id),
    }
    return show(shop, req, res, accountPage(account))
  })

  router.post('/account/alarms/:session/:finding/dismiss', async (req, res) => {
    await alarms.dismiss(currentUser(shop, req).id, req.params.session, req.params.finding)
    notify(req, 'Good to know. We will tell you if it happens again.')
    res.redirect(303, '/account')
  })

  router.post('/account/devices/:id/end', async (req, res) => {
    const ended = await req.session.revokeDevice(req.params.id)
    notify(req, ended ? 'That device is signed out.' : 'That device was signed out already.')
    res.redirect(303, '/account')
  })

  router.post('/account/devices/end-others', async (req, res) => {
    const count = await req.session.revokeOthers()
    notify(req, count === 1 ? 'One other device is signed out.' : `${count} other devices are signed out.`)
    res.redirect(303, '/account')
  })

  return router
}
