import { accepts, freePort, launch, programPath, type Running } from './program.ts'

export interface NatsServer extends Running {
  readonly port: number
  /** Starts it again on the same port. */
  restart(): Promise<void>
}

/** A separate NATS server without JetStream. */
export async function startNats(): Promise<NatsServer> {
  const port = await freePort()
  const args = ['-a', '127.0.0.1', '-p', `${port}`]
  const start = (): Promise<Running> => launch(programPath('nats-server'), { args, isReady: () => accepts(port) })
  let running = await start()
  return {
    port,
    get process() {
      return running.process
    },
    kill: () => running.kill(),
    pause: () => running.pause(),
    resume: () => running.resume(),
    stop: () => running.stop(),
    async restart() {
      running = await start()
    },
  }
}
