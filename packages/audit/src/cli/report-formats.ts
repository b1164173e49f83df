import type { Report } from '../model/report.ts'
import { toHtml } from '../report/html.ts'
import { toJunit } from '../report/junit.ts'
import { toSarif } from '../report/sarif.ts'

/** Files a report can be written to, by the option that names them. */
export const reportFormats: Readonly<Record<'json' | 'html' | 'sarif' | 'junit', (report: Report) => string>> = {
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  html: toHtml,
  sarif: (report) => toSarif(report),
  junit: toJunit,
}
