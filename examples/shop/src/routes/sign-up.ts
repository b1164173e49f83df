import { Router } from 'express'
import { returnPath } from 'sojourn/express'
import { MAX_NAME, type SignUpForm, signUpPage } from '../pages/sign-up.ts'
import { MIN_PASSWORD } from '../passwords.ts'
import type { Shop } from '../shop.ts'
import type { NewUser } from '../users.ts'
import { field } from './form.ts'
import { tooManyGuesses } from './password-check.ts'
import { show } from './show.ts'

export function signUpRoutes(shop: Shop): Router {
  const router = Router()

  router.get('/sign-up', (req, res) =>
    show(shop, req, res, signUpPage({ returnTo: returnPath(req.query.returnTo, '') })),
  )

  router.post('/sign-up', async (req, res) => {
    const form = {
      name: field(req, 'name').slice(0, MAX_NAME),
      email: field(req, 'email'),
      password: field(req, 'password'),
    }
    const returnTo = returnPath(req.query.returnTo, '')
    const errors = mistakes(form)
    if (Object.keys(errors).length > 0) return show(shop, req, res, signUpPage({ ...form, returnTo, errors }), 422)

    // Says who has an account here to whoever asks; a shop that sends e-mail would answer there instead. Bounded, like guesses.
    const waitSeconds = await shop.guesses.spend(req.ip ?? 'unknown', form.email)
    if (waitSeconds > 0)
      return show(shop, req, res, signUpPage({ ...form, returnTo, error: tooManyGuesses(res, waitSeconds) }), 429)
    const user = await shop.users.add(form)
    if (user === null) {
      const taken = { email: 'There is an account with this address already.' }
      return show(shop, req, res, signUpPage({ ...form, returnTo, errors: taken }), 422)
    }

    // Otherwise the first mail to a new customer would be a warning.
    shop.newDevices?.registered(req.session)
    await req.session.login(user.id, { methods: ['pwd'], assurance: 'aal1' })
    res.redirect(303, returnTo || '/account')
  })

  return router
}

function mistakes({ name, email, password }: NewUser): NonNullable<SignUpForm['errors']> {
  return {
    ...(name.trim() === '' && { name: 'We would like to call you something.' }),
    ...(!/^[^\s@]+@[^\s@]+$/.test(email.trim()) && { email: 'That does not look like an e-mail address.' }),
    ...(password.length < MIN_PASSWORD && {
      password: `That has ${password.length} characters; it needs ${MIN_PASSWORD}.`,
    }),
  }
}
