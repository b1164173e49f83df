import type { Report } from '../model/report.ts'

/** Files a report can be written to, by the option that names them. */
export const reportFormats: Readonly<Record<'json', (report: Report) => string>> = {
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
}
