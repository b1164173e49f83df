'use client'

export default function Failed({ error }: { error: Error }) {
  return <p id="error">{error.message}</p>
}
