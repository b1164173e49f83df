import { type Request, type Response, Router } from 'express'
import { returnPath } from 'sojourn/express'
import { keepChallenge, takeChallenge } from '../challenge.ts'
import { passkeyPage } from '../pages/passkey.ts'
import { passkeysPage } from '../pages/passkeys.ts'
import { proofOptions, registrationOptions, type Site, siteOf, verifyProof, verifyRegistration } from '../passkeys.ts'
import type { Shop } from '../shop.ts'
import { currentUser, requireRecentProof, requireShopper } from './require.ts'
import { allowScript, notify, show } from './show.ts'

const TRY_AGAIN = 'That did not work. Please try again.'

/** Passkeys as a second factor: making them, and proving with one who it is. */
export function passkeyRoutes(shop: Shop): Router {
  const { users, sessions } = shop
  const router = Router()
  const siteFor = ({ socket }: Request): Site => siteOf(shop.origin ?? `http://localhost:${socket.localPort}`)

  router.use('/passkey', requireShopper(shop))
  // A thief with the cookie must not make a passkey of their own, nor remove the owner's (ASVS 5.0 7.5.1).
  router.use('/account/passkeys', requireShopper(shop), requireRecentProof(shop))

  async function showPasskeys(req: Request, res: Response, error?: string): Promise<void> {
    const user = currentUser(shop, req)
    const passkeys = users.passkeys(user.id)
    const options = await registrationOptions(siteFor(req), user, passkeys)
    await keepChallenge(sessions.get(req), 'make', options.challenge)
    allowScript(res)
    await show(shop, req, res, passkeysPage(passkeys, options, error), error === undefined ? 200 : 422)
  }

  router.get('/account/passkeys', (req, res) => showPasskeys(req, res))

  router.post('/account/passkeys', async (req, res) => {
    const challenge = await takeChallenge(sessions.get(req), 'make')
    const passkey = challenge === null ? null : await verifyRegistration(siteFor(req), challenge, credential(req))
    if (passkey === null) return showPasskeys(req, res, TRY_AGAIN)
    const user = currentUser(shop, req)
    if (!(await users.addPasskey(user.id, passkey))) return showPasskeys(req, res, 'That passkey is in use already.')
    notify(req, 'Your passkey is ready. From now on we ask for it before anything important.')
    res.redirect(303, '/account')
  })

  router.post('/account/passkeys/:id/remove', async (req, res) => {
    const { id } = currentUser(shop, req)
    await users.removePasskey(id, req.params.id)
    const ended = await sessions.factorChanged(id, { keep: req.session })
    notify(req, `That passkey is removed. Other devices signed out: ${ended}.`)
    res.redirect(303, '/account/passkeys')
  })

  async function showPasskey(req: Request, res: Response, error?: string): Promise<void> {
    const passkeys = users.passkeys(currentUser(shop, req).id)
    if (passkeys.length === 0) return res.redirect(303, '/confirm')
    const options = await proofOptions(siteFor(req), passkeys)
    await keepChallenge(sessions.get(req), 'prove', options.challenge)
    allowScript(res)
    await show(shop, req, res, passkeyPage(options, error), error === undefined ? 200 : 422)
  }

  router.get('/passkey', (req, res) => showPasskey(req, res))

  router.post('/passkey', async (req, res) => {
    const { id } = currentUser(shop, req)
    const challenge = await takeChallenge(sessions.get(req), 'prove')
    const proof =
      challenge === null ? null : await verifyProof(siteFor(req), challenge, users.passkeys(id), credential(req))
    if (proof === null || !(await users.updatePasskey(id, proof.passkey))) return showPasskey(req, res, TRY_AGAIN)
    await req.session.reauthenticated({ methods: [proof.method, 'user'], assurance: 'aal2' })
    res.redirect(303, returnPath(req.query.returnTo, '/account'))
  })

  return router
}

/** What the script put into the form: JSON of the browser, or anything else. */
function credential(req: Request): unknown {
  try {
    return JSON.parse(String(req.body?.credential))
  } catch {
    return null
  }
}
