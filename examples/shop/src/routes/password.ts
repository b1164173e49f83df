import { Router } from 'express'
import { type PasswordErrors, passwordPage } from '../pages/password.ts'
import { MAX_PASSWORD, MIN_PASSWORD } from '../passwords.ts'
import type { Shop } from '../shop.ts'
import { field } from './form.ts'
import { checkPassword, tooManyGuesses } from './password-check.ts'
import { requireUser } from './require.ts'
import { notify, show } from './show.ts'

export function passwordRoutes(shop: Shop): Router {
  const router = Router()
  const email = (userId: string | null) => shop.users.find(userId)?.email ?? ''

  router.use('/account/password', requireUser(shop))

  router.get('/account/password', (req, res) => show(shop, req, res, passwordPage(email(req.session.userId))))

  router.post('/account/password', async (req, res) => {
    const mine = email(req.session.userId)
    const refuse = (errors: PasswordErrors, status = 422) => show(shop, req, res, passwordPage(mine, errors), status)

    const next = field(req, 'next', MAX_PASSWORD)
    if (next.length < MIN_PASSWORD)
      return refuse({ next: `That has ${next.length} characters; it needs ${MIN_PASSWORD}.` })
    const { user, waitSeconds } = await checkPassword(shop, req, mine, field(req, 'current', MAX_PASSWORD))
    if (waitSeconds > 0) return refuse({ current: tooManyGuesses(res, waitSeconds) }, 429)
    if (user === null) return refuse({ current: 'That is not your password.' })

    await shop.users.setPassword(user.id, next)
    await req.session.reauthenticated({ methods: ['pwd'] })
    const ended = await req.session.revokeOthers()
    notify(req, `Your password is changed. Other devices signed out: ${ended}.`)
    res.redirect(303, '/account')
  })

  return router
}
