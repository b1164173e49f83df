/** What a Durable Object's storage is used for. */
export interface ObjectStorage {
  list(): Promise<Map<string, unknown>>
  put(key: string, value: unknown): Promise<void>
  delete(keys: string[]): Promise<number>
  deleteAll(): Promise<void>
  setAlarm(timeMs: number): Promise<void>
}
