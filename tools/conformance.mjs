/** `node tools/conformance.mjs`: writes the tables that are made from the pages in `docs/conformance`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocks, withBlock } from './conformance/blocks.mjs'
import { root } from './run.mjs'

for (const { file, text } of blocks()) {
  const path = join(root, file)
  writeFileSync(path, withBlock(readFileSync(path, 'utf8'), text))
}
