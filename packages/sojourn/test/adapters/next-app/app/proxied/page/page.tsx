import { Suspense } from 'react'
import { shared } from '../../../shared.ts'

async function Visitor() {
  const { next, sessions } = shared()
  const { userId, refused } = await next.readSession(sessions)
  return <p id="user">{`${userId ?? 'nobody'} ${refused ?? 'accepted'}`}</p>
}

export default function Page() {
  return (
    <Suspense fallback={<p>One moment.</p>}>
      <Visitor />
    </Suspense>
  )
}
