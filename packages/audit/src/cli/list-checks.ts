import { checks } from '../checks/index.ts'
import { type Command, EXIT } from './io.ts'

/** `sojourn-audit checks` */
export const listChecks: Command = async (_args, io) => {
  for (const { id, title, wstg, asvs, cwe, severity, proves, cannotProve, needs } of checks) {
    const numbers = [...wstg, ...asvs.map((number) => `ASVS ${number}`), ...cwe.map((number) => `CWE-${number}`)].join(
      ', ',
    )
    io.out(`${id} (${severity})\n  ${title}. ${numbers}\n  Proves: ${proves}\n  Cannot prove: ${cannotProve}\n`)
    io.out(needs.length > 0 ? `  Needs: ${needs.join(', ')}\n\n` : '\n')
  }
  return EXIT.ok
}
