/**
 * For authors of guards: functions that handlers call with their session.
 * @module sojourn/guards/kit
 */
export { assertNotSent, deny, report, sightOf, unlock } from '../core/request/for-handlers.ts'
