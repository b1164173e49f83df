import { Suspense } from 'react'
import { shared } from '../../shared.ts'
import { act } from './actions.ts'

async function Hook() {
  const { next, sessions, render } = shared()
  return <p id="shown">{await render(await next.readSession(sessions))}</p>
}

async function Name() {
  const { next, sessions } = shared()
  return <p id="name">{(await next.readSession(sessions)).userId}</p>
}

export default function Page() {
  return (
    <main>
      <h1>The shell</h1>
      <Suspense fallback={<p>One moment.</p>}>
        <Name />
        <Hook />
      </Suspense>
      <form action={act}>
        <button type="submit">Act</button>
      </form>
    </main>
  )
}
