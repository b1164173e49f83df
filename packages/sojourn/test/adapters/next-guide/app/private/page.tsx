import Link from 'next/link'
import { redirect } from 'next/navigation'
import { Suspense } from 'react'
import { readSession } from 'sojourn/next'
import { sessions } from '@/sessions'

async function Secret() {
  const { userId } = await readSession(sessions)
  if (userId === null) redirect('/shop')
  return <p id="secret">The secret of {userId}</p>
}

export default function Page() {
  return (
    <main>
      <Suspense fallback={<p>One moment.</p>}>
        <Secret />
      </Suspense>
      <Link href="/leave">Leave</Link>
    </main>
  )
}
