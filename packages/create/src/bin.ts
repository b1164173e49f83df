#!/usr/bin/env node
import { main } from './main.ts'

const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true

process.exitCode = await main(process.argv.slice(2), {
  terminal: isTerminal ? { input: process.stdin, output: process.stdout } : null,
  env: process.env,
  node: process.versions.node,
  out: (text) => console.log(text),
  error: (text) => console.error(text),
})
