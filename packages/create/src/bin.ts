#!/usr/bin/env node
import { main } from './main.ts'

process.exitCode = await main(process.argv.slice(2), {
  isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
  userAgent: process.env.npm_config_user_agent,
  node: process.versions.node,
  out: (text) => console.log(text),
  error: (text) => console.error(text),
})
