/**
 * Session management: secure by default, typed, the same in every framework and runtime.
 * @module sojourn
 */
export { type CookieOptions, cookieCarrier } from './carriers/cookie.ts'
export type {
  Candidates,
  CarriedRecords,
  Carrier,
  HeaderChange,
  RequestView,
  TokenLife,
  Translation,
} from './core/contracts/carrier.ts'
export type { Duration } from './core/contracts/duration.ts'
export { errorCodes, SessionError, type SessionErrorCode } from './core/contracts/errors.ts'
export type {
  RequestFacts,
  SessionEvent,
  SessionEventName,
  SessionEvents,
  SessionListener,
} from './core/contracts/events.ts'
export type { Exchange } from './core/contracts/exchange.ts'
export type {
  Answer,
  Did,
  Finding,
  Guard,
  GuardOwner,
  Incoming,
  LoginRuling,
  LoginSight,
  Ruling,
  Sight,
} from './core/contracts/guard.ts'
export type { JsonValue } from './core/contracts/json.ts'
export type { DescribeDevice } from './core/contracts/options.ts'
export type {
  AccountChange,
  DamagedRecord,
  Device,
  EndReason,
  Head,
  PreviousSecret,
  Renewal,
  SessionId,
  SessionRecord,
  Token,
  Tombstone,
} from './core/contracts/record.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './core/contracts/schema.ts'
export type {
  Flash,
  LoginOptions,
  LogoutOptions,
  ProofOptions,
  Refusal,
  Session,
  SessionInfo,
} from './core/contracts/session.ts'
// With a star, so that `declare module 'sojourn'` finds the interface that applications add to.
export type * from './core/contracts/session-data.ts'
export type {
  EndedAll,
  ExportedSession,
  Health,
  HealthOptions,
  KeepOptions,
  ScannedSession,
  SessionPage,
  Sessions,
  UserExport,
} from './core/contracts/sessions.ts'
export type {
  Change,
  Guarantee,
  MaybePromise,
  ScanPage,
  Store,
  StoreEvent,
  StoreEventKind,
  Written,
} from './core/contracts/store.ts'
export type { Ceiling, TimeoutPreset, Timeouts } from './core/contracts/timeouts.ts'
export { once } from './core/token/once.ts'
export { createSessions, type SessionsOptions } from './create-sessions.ts'
export { type CrossOriginGuard, type CrossOriginOptions, crossOriginGuard } from './guards/cross-origin.ts'
export { type DeviceOptions, describeDevice } from './guards/device.ts'
export { type MemoryStoreOptions, memoryStore } from './stores/memory.ts'
