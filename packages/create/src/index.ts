export {
  FRAMEWORKS,
  type FrameworkName,
  LANGUAGES,
  type Language,
  type Project,
  STORES,
  type StoreName,
  VERSIONS,
} from './catalogue.ts'
export { filesOf, type Surroundings } from './files.ts'
export { writeFiles } from './write-files.ts'
