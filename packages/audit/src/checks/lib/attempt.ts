import { NoLogin } from '../../audit/audit.ts'
import { cannotJudge, type Finding } from '../../model/finding.ts'
import { StepFailed } from '../../recipe/fill.ts'

/** Runs one part of a check. If a login or a step in it fails, only this part has no verdict. */
export async function attempt(about: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NoLogin || error instanceof StepFailed)) throw error
    return cannotJudge({ about, title: 'Could not be tried', detail: error.message })
  }
}
