/**
 * For authors of guards: functions that handlers call with their session, and functions for sessions that are not the request's own.
 * @module sojourn/guards/kit
 */
export { type Acting, markUsed, reportFault, reportOn, revoke, revokeAll, wasUsed } from '../core/request/for-guards.ts'
export { assertNotSent, deny, report, sightOf, unlock } from '../core/request/for-handlers.ts'
