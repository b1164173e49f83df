'use server'

import { refresh } from 'next/cache'
import { redirect } from 'next/navigation'
import { withActionSession } from 'sojourn/next'
import { sessions } from '@/sessions'

export const login = withActionSession(sessions, async (session, form: FormData) => {
  // Check the password first.
  await session.login(String(form.get('name')))
  redirect('/shop')
})

export const add = withActionSession(sessions, async (session, form: FormData) => {
  session.data.cart = [...(session.data.cart ?? []), String(form.get('item'))]
  refresh()
})

export const logout = withActionSession(sessions, async (session) => {
  await session.logout()
  redirect('/shop')
})
