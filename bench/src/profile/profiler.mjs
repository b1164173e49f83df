import { Session } from 'node:inspector/promises'

/**
 * @typedef {import('node:inspector').Profiler.Profile} CpuProfile
 * @typedef {import('node:inspector').HeapProfiler.SamplingHeapProfile} HeapProfile
 */

const CPU_INTERVAL_US = 200
const HEAP_INTERVAL_BYTES = 16_384

/** Profiles the process that it is called in, CPU and allocations each on its own, because each slows the other. */
export function createProfiler() {
  const session = new Session()

  return {
    async startCpu() {
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US })
      await session.post('Profiler.start')
    },
    /** @returns {Promise<CpuProfile>} */
    async stopCpu() {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      return profile
    },
    /** Everything that is allocated, not only what is still there at the end. */
    async startHeap() {
      session.connect()
      await session.post('HeapProfiler.enable')
      await session.post('HeapProfiler.startSampling', {
        samplingInterval: HEAP_INTERVAL_BYTES,
        includeObjectsCollectedByMajorGC: true,
        includeObjectsCollectedByMinorGC: true,
      })
    },
    /** @returns {Promise<HeapProfile>} */
    async stopHeap() {
      const { profile } = await session.post('HeapProfiler.stopSampling')
      session.disconnect()
      return profile
    },
  }
}
