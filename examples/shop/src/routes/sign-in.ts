import { Router } from 'express'
import { returnPath } from 'sojourn/express'
import { messagePage } from '../pages/message.ts'
import { signInPage } from '../pages/sign-in.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { checkPassword, tooManyGuesses } from './password-check.ts'
import { requireRecentProof, requireShopper, whyRefused } from './require.ts'
import { show } from './show.ts'

export function signInRoutes(shop: Shop): Router {
  const router = Router()

  router.get('/sign-in', (req, res) =>
    show(shop, req, res, signInPage({ returnTo: returnPath(req.query.returnTo, '') }), 200, whyRefused(req)),
  )

  router.post('/sign-in', async (req, res) => {
    const returnTo = returnPath(req.query.returnTo, '')
    const email = field(req, 'email')
    const { user, waitSeconds } = await checkPassword(shop, req, email, field(req, 'password'))
    if (user === null) {
      const error =
        waitSeconds > 0 ? tooManyGuesses(res, waitSeconds) : 'That e-mail and password do not belong together.'
      return show(shop, req, res, signInPage({ returnTo, email, error }), waitSeconds > 0 ? 429 : 422)
    }
    const remember = field(req, 'remember') === 'yes'
    await req.session.login(user.id, { methods: ['pwd'], assurance: 'aal1', ...(remember && { absolute: '30d' }) })
    res.redirect(303, returnTo || '/account')
  })

  router.post('/sign-out', async (req, res) => {
    await req.session.logout()
    res.redirect(303, '/goodbye')
  })

  // A person who finds an open session must not be able to end the others.
  router.use('/sign-out-everywhere', requireShopper(shop), requireRecentProof(shop))
  router.post('/sign-out-everywhere', async (req, res) => {
    await req.session.logout({ everywhere: true })
    res.redirect(303, '/goodbye')
  })

  router.get('/goodbye', (req, res) =>
    show(shop, req, res, messagePage('Until next time', 'You are signed out, and this browser has forgotten you.')),
  )

  return router
}
