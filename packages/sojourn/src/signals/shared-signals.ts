/**
 * Ends sessions when an identity provider says so, and tells others when sessions end here, by the OpenID Shared Signals Framework.
 * @module sojourn/signals/shared-signals
 */
export type { Timing } from '../stores/around/wrapper.ts'
export type { SignalProblem } from './shared-signals/delivery.ts'
export type { SignalName, SubjectId } from './shared-signals/events.ts'
export type { CredentialChange } from './shared-signals/events-out.ts'
export { outboxStore } from './shared-signals/outbox-store.ts'
export type { Signal, SignalAction, SignalPolicy } from './shared-signals/policy.ts'
export type { Polling, PollOptions } from './shared-signals/poll-client.ts'
export {
  type SharedSignalsReceiver,
  type SharedSignalsReceiverOptions,
  type SignalReport,
  sharedSignalsReceiver,
} from './shared-signals/receiver.ts'
export type { SetError, SignalVerdict } from './shared-signals/set.ts'
export type { SigningKey } from './shared-signals/signing.ts'
export type { StreamClient, StreamConfiguration, StreamRequest } from './shared-signals/stream-client.ts'
export type { SessionsOf, SignalSource, UserOf } from './shared-signals/target.ts'
export { type SharedSignalsTransmitter, sharedSignalsTransmitter } from './shared-signals/transmitter.ts'
export type { SharedSignalsTransmitterOptions, SignalReceiver } from './shared-signals/transmitter-options.ts'
export type { TrustedTransmitter } from './shared-signals/trusted.ts'
