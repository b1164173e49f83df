#!/usr/bin/env node
import process from 'node:process'
import { migrateCommand } from './migrate.ts'
import { verifyAuditLogCommand } from './verify-audit-log.ts'

/** The parts of the command `sojourn`. Each returns its exit code. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  migrate: migrateCommand,
  'verify-audit-log': verifyAuditLogCommand,
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command === undefined) console.error(`Usage: sojourn <command>. Commands: ${Object.keys(COMMANDS).join(', ')}.`)
process.exitCode = command === undefined ? 2 : await command(args)
