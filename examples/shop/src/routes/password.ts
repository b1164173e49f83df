import { Router } from 'express'
import { type PasswordErrors, passwordPage } from '../pages/password.ts'
import { MIN_PASSWORD } from '../passwords.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { checkPassword, tooManyGuesses } from './password-check.ts'
import { currentUser, requireRecentProof, requireShopper } from './require.ts'
import { notify, show } from './show.ts'

export function passwordRoutes(shop: Shop): Router {
  const router = Router()

  router.use('/account/password', requireShopper(shop), requireRecentProof(shop))

  router.get('/account/password', (req, res) => show(shop, req, res, passwordPage(currentUser(shop, req).email)))

  router.post('/account/password', async (req, res) => {
    const mine = currentUser(shop, req).email
    const refuse = (errors: PasswordErrors, status = 422) => show(shop, req, res, passwordPage(mine, errors), status)

    const next = field(req, 'next')
    if (next.length < MIN_PASSWORD)
      return refuse({ next: `That has ${next.length} characters; it needs ${MIN_PASSWORD}.` })
    const { user, waitSeconds } = await checkPassword(shop, req, mine, field(req, 'current'))
    if (waitSeconds > 0) return refuse({ current: tooManyGuesses(res, waitSeconds) }, 429)
    if (user === null) return refuse({ current: 'That is not your password.' })

    await shop.users.setPassword(user.id, next)
    const ended = await shop.sessions.passwordChanged(user.id, { keep: req.session })
    notify(req, `Your password is changed. Other devices signed out: ${ended}.`)
    res.redirect(303, '/account')
  })

  return router
}
