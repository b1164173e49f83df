import Link from 'next/link'

/** Its links are in view, so Next.js fetches what they lead to. */
export default function Page() {
  return (
    <nav>
      <Link href="/logout">Leave by a link</Link>
      <Link href="/private">Private</Link>
    </nav>
  )
}
