import { Router } from 'express'
import { returnPath } from 'sojourn/express'
import { confirmPage } from '../pages/confirm.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { checkPassword, tooManyGuesses } from './password-check.ts'
import { currentUser, requireShopper } from './require.ts'
import { show } from './show.ts'

/** Step-up: the user proves their identity again. */
export function confirmRoutes(shop: Shop): Router {
  const router = Router()

  router.use('/confirm', requireShopper(shop))

  router.get('/confirm', (req, res) => show(shop, req, res, confirmPage(currentUser(shop, req).email)))

  router.post('/confirm', async (req, res) => {
    const mine = currentUser(shop, req).email
    const { user, waitSeconds } = await checkPassword(shop, req, mine, field(req, 'password'))
    if (user === null) {
      const error = waitSeconds > 0 ? tooManyGuesses(res, waitSeconds) : 'That is not your password.'
      return show(shop, req, res, confirmPage(mine, error), waitSeconds > 0 ? 429 : 422)
    }
    await req.session.reauthenticated({ methods: ['pwd'], assurance: 'aal1' })
    res.redirect(303, returnPath(req.query.returnTo, '/account'))
  })

  return router
}
