'use server'

import { redirect } from 'next/navigation'
import { withActionSession } from 'sojourn/next'
import { sessions } from '@/sessions'

export const stay = withActionSession(sessions, (session) => session.logout())

export const leave = withActionSession(sessions, async (session) => {
  await session.logout()
  redirect('/private')
})

export const fail = withActionSession(sessions, (session) => {
  session.data.cart = ['lost']
  throw new Error('The password of the database')
})
