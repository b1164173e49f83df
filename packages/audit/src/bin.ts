#!/usr/bin/env node
import { main } from './cli/main.ts'
import { terminalIo } from './cli/terminal-io.ts'

process.exitCode = await main(process.argv.slice(2), terminalIo())
