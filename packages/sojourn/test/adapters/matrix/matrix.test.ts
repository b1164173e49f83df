import { testColumn } from './cells.ts'
import { COLUMNS } from './servers.ts'

for (const column of COLUMNS) testColumn(column)
