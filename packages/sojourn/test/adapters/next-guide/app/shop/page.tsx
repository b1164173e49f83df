import { Suspense } from 'react'
import { readSession } from 'sojourn/next'
import { sessions } from '@/sessions'
import { add, login, logout } from './actions.ts'

async function Account() {
  const { userId, data } = await readSession(sessions)
  return (
    <section>
      <p id="user">{userId === null ? 'Signed out' : `Signed in as ${userId}`}</p>
      <p id="cart">{(data.cart ?? []).join(', ')}</p>
    </section>
  )
}

export default function Page() {
  return (
    <main>
      <h1>Shop</h1>
      <Suspense fallback={<p>One moment.</p>}>
        <Account />
      </Suspense>
      <form action={login}>
        <input name="name" aria-label="Name" defaultValue="ada" />
        <button type="submit">Sign in</button>
      </form>
      <form action={add}>
        <input name="item" aria-label="Item" defaultValue="tea" />
        <button type="submit">Add</button>
      </form>
      <form action={logout}>
        <button type="submit">Sign out</button>
      </form>
    </main>
  )
}
