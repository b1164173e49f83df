import { connect } from 'node:net'

/** @typedef {ReturnType<typeof createConnection>} Connection */

/**
 * One keep-alive connection that sends the next request as soon as the answer to the last is whole. Knows as much of
 * HTTP/1.1 as servers answer with here: a length, or chunks.
 *
 * @param {number} port on the loopback address
 */
export function createConnection(port) {
  /** @type {() => Buffer | null} */
  let next = () => null
  /** @type {(response: string, request: Buffer) => void} */
  let done = () => {}
  /** @type {() => void} */
  let idle = () => {}
  /** @type {(error: Error) => void} */
  let fail = () => {}
  /** @type {Buffer} */
  let sent = Buffer.alloc(0)
  let received = ''

  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(65_536),
      callback(length, buffer) {
        received += /** @type {Buffer} */ (buffer).toString('latin1', 0, length)
        if (!isWhole(received)) return true
        const response = received
        received = ''
        done(response, sent)
        send()
        return true
      },
    },
  })
  socket.on('error', (error) => fail(error))
  socket.on('close', () => fail(new Error('The server closed a connection.')))

  function send() {
    const request = next()
    if (request === null) return idle()
    sent = request
    socket.write(request)
  }

  return {
    /** @type {Promise<void>} */
    ready: new Promise((resolve, reject) => {
      fail = reject
      socket.once('connect', resolve)
    }),
    /**
     * @param {() => Buffer | null} nextRequest `null` ends it.
     * @param {(response: string, request: Buffer) => void} onResponse
     * @returns {Promise<void>}
     */
    drive(nextRequest, onResponse) {
      next = nextRequest
      done = onResponse
      return new Promise((resolve, reject) => {
        idle = resolve
        fail = reject
        send()
      })
    },
    isOpen: () => !socket.destroyed,
  }
}

/** @param {string} response */
function isWhole(response) {
  const end = response.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(response)
  return length === null ? response.endsWith('0\r\n\r\n') : response.length >= end + 4 + Number(length[1])
}
