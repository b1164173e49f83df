import Link from 'next/link'
import { fail, leave, stay } from './actions.ts'

/** Ways out. */
export default function Page() {
  return (
    <main>
      <form action={stay}>
        <button type="submit">By an action</button>
      </form>
      <form action={leave}>
        <button type="submit">By an action that redirects</button>
      </form>
      <form action="/logout" method="post">
        <button type="submit">By a form</button>
      </form>
      <form action={fail}>
        <button type="submit">Fail</button>
      </form>
      <Link href="/private" prefetch={false}>
        Private
      </Link>
    </main>
  )
}
