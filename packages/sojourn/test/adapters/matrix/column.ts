import type { AdapterServer } from '@sojourn/conformance'
import type { Session, Sessions } from 'sojourn'
import type { Aside } from './acts.ts'

/** `outside`: mounted before the sessions, so that it works on what they let out. */
export type Layer = 'none' | 'outside' | 'inside'

export type AnySessions = Sessions<Record<string, unknown>>

/** The middleware around the one handler, and its act. `null`: the bare framework. */
export interface Setting {
  readonly sessions: AnySessions | null
  readonly layer: Layer
  /** The handler's first action on its session. */
  readonly begin: (session: Session<Record<string, unknown>>) => unknown
  readonly act: () => string
  readonly aside: () => Aside
}

export interface Column {
  readonly name: string
  readonly acts: (layer: Layer, fails: boolean) => readonly string[]
  readonly layers: readonly Layer[]
  readonly isHttp2: boolean
  readonly serve: (setting: Setting) => Promise<AdapterServer>
}
