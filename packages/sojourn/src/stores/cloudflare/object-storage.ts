/** The members of a Durable Object's storage that are used here. */
export interface ObjectStorage {
  list(): Promise<Map<string, unknown>>
  put(key: string, value: unknown): Promise<void>
  delete(keys: string[]): Promise<number>
  deleteAll(): Promise<void>
  setAlarm(timeMs: number): Promise<void>
}
