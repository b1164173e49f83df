import express from 'express'
import { expressSessions } from 'sojourn/express'
import { checkPassword } from './application.ts'
import { sessions } from './sessions.ts'

export const app = express()
app.use(express.json())

app.use(expressSessions(sessions))

app.post('/login', async (req, res) => {
  const user = await checkPassword(req.body)
  await req.session.login(user.id)
  res.redirect('/account')
})
app.post('/cart', async (req, res) => {
  await req.session.update('cart', (cart) => [...cart, req.body.item])
  res.json(req.session.data.cart)
})
app.post('/theme', (req, res) => {
  req.session.data.theme = 'dark'
  res.end()
})
app.get('/account/devices', async (req, res) => res.json(await req.session.devices()))
app.post('/account/devices/:id/revoke', async (req, res) => {
  await req.session.revokeDevice(req.params.id)
  res.redirect('/account')
})
app.post('/password', async (req, res) => {
  /* ... */ await req.session.revokeOthers()
  res.end()
})
app.post('/logout', async (req, res) => {
  await req.session.logout()
  res.redirect('/')
})
