#!/usr/bin/env node
const { node } = process.versions
const [major = 0, minor = 0] = node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`create-sojourn needs Node 20.19 or later. This is Node ${node}.`)
  process.exitCode = 1
} else {
  // Not before: an older Node fails while it loads the packages.
  const { main } = await import('./main.ts')
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  process.exitCode = await main(process.argv.slice(2), {
    terminal: isTerminal ? { input: process.stdin, output: process.stdout } : null,
    env: process.env,
    node,
    out: (text) => console.log(text),
    error: (text) => console.error(text),
  })
}
