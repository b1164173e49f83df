import ts from 'typescript'
import { ownModules } from './modules.ts'
import { fileOf, root, type Snippet, snippetsOf } from './snippets.ts'

const OPEN_NAMES = `${root}test/docs/open-names.ts`
const GLOBALS = `${root}test/docs/pages/open-names.d.ts`

/**
 * All snippets as one program, so that libraries' types are read once. A page that declares types for all files of a program,
 * or shows a tsconfig.json, has one of its own.
 */
export interface SnippetProgram {
  /** The compiler's errors about a snippet, as `page:line: message`. */
  faultsOf(snippet: Snippet): readonly string[]
  /** The names that a snippet leaves open: they come from `open-names.ts`. */
  openNamesOf(snippet: Snippet): readonly string[]
  /** The names of the properties that a type of a module has; of each of its members when it is a union. */
  membersOf(module: string, type: string): readonly string[]
  /** Without those of the interfaces that it extends. */
  ownMembersOf(module: string, type: string): readonly string[]
  /** Without those of the types that it extends. */
  ownMembersOf(module: string, type: string): readonly string[]
  /** The same of each member's own type: `{ login: ['id', 'userId'] }`, sorted. */
  fieldsOf(module: string, type: string): Readonly<Record<string, readonly string[]>>
  /** The words that a union of strings consists of. */
  wordsOf(module: string, type: string): readonly string[]
}

export function createSnippetProgram(snippets: readonly Snippet[]): SnippetProgram {
  const isApart = ({ page, code }: Snippet): boolean =>
    /^declare module 'sojourn'/m.test(code) || tsconfigOf(page) !== undefined
  const apart = new Set(snippets.filter(isApart).map(({ page }) => page))
  const host = createHost()
  const program = compile(
    snippets.filter(({ page }) => !apart.has(page)),
    {},
    host,
  )
  const own = new Map(
    Array.from(apart, (page) => [page, compile(snippetsIn(page, snippets), tsconfigOf(page) ?? {}, host)]),
  )
  const programOf = ({ page }: Snippet): ts.Program => own.get(page) ?? program
  const checker = program.getTypeChecker()
  const sourceOf = (file: string, within: ts.Program = program): ts.SourceFile => {
    const source = within.getSourceFile(file)
    if (source === undefined) throw new Error(`${file} is not in the program`)
    return source
  }

  function typeOf(module: string, name: string): ts.Type {
    const file = ownModules()[module]
    const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(sourceOf(file))
    const found = symbol && checker.getExportsOfModule(symbol).find((exported) => exported.name === name)
    if (found === undefined) throw new Error(`${module} exports no ${name}`)
    return checker.getDeclaredTypeOfSymbol(found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found)
  }

  const namesOf = (type: ts.Type): string[] => checker.getPropertiesOfType(type).map(({ name }) => name)

  return {
    faultsOf(snippet) {
      const owner = programOf(snippet)
      const source = sourceOf(fileOf(snippet), owner)
      const faults = [...owner.getSyntacticDiagnostics(source), ...owner.getSemanticDiagnostics(source)]
      return faults.map(({ start = 0, messageText }) => {
        const line = snippet.line + source.getLineAndCharacterOfPosition(start).line
        return `${snippet.page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
    },
    openNamesOf(snippet) {
      const owner = programOf(snippet)
      return openNames(sourceOf(fileOf(snippet), owner), owner.getTypeChecker())
    },
    membersOf: (module, name) => [...new Set(partsOf(typeOf(module, name)).flatMap(namesOf))],
    ownMembersOf: (module, name) => Array.from(typeOf(module, name).symbol.members?.keys() ?? [], String),
    fieldsOf(module, name) {
      const members = checker.getPropertiesOfType(typeOf(module, name))
      return Object.fromEntries(members.map((member) => [member.name, namesOf(checker.getTypeOfSymbol(member)).sort()]))
    },
    wordsOf: (module, name) =>
      partsOf(typeOf(module, name)).flatMap((part) => (part.isStringLiteral() ? [part.value] : [])),
  }
}

function partsOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type]
}

const snippetsIn = (page: string, snippets: readonly Snippet[]): readonly Snippet[] =>
  snippets.filter((snippet) => snippet.page === page)

/** What the page tells its reader to write into tsconfig.json. */
function tsconfigOf(page: string): object | undefined {
  const shown = snippetsOf(page).find(({ language, code }) => language === 'json' && code.includes('"compilerOptions"'))
  return shown && (JSON.parse(shown.code) as { compilerOptions: object }).compilerOptions
}

/** Reads each file of a library once for all programs. */
function createHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions())
  const read = new Map<string, ts.SourceFile | undefined>()
  return {
    ...host,
    getSourceFile(file, options) {
      if (!read.has(file)) read.set(file, host.getSourceFile(file, options))
      return read.get(file)
    },
  }
}

function compile(snippets: readonly Snippet[], shown: object, host: ts.CompilerHost): ts.Program {
  const files = new Map(snippets.map((snippet) => [fileOf(snippet), `${snippet.code}\nexport {}\n`]))
  files.set(GLOBALS, globals())
  return ts.createProgram(
    [...files.keys(), ...Object.values(ownModules()), OPEN_NAMES],
    compilerOptions(shown),
    withFiles(host, files),
  )
}

function openNames(source: ts.SourceFile, checker: ts.TypeChecker): readonly string[] {
  const found = new Set<string>()
  const look = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const declarations = checker.getSymbolAtLocation(node)?.declarations ?? []
      if (declarations.some((declaration) => declaration.getSourceFile().fileName === GLOBALS)) found.add(node.text)
    }
    ts.forEachChild(node, look)
  }
  look(source)
  return [...found]
}

/** `open-names.ts` is a module, so that it says nothing to other programs; snippets see its names as global ones. */
function globals(): string {
  const text = ts.sys.readFile(OPEN_NAMES) ?? ''
  const names = [...text.matchAll(/^export declare (?:const|function) (\w+)/gm)].map(([, name]) => name)
  const lines = names.map((name) => `  const ${name}: typeof import('../open-names.ts').${name}`)
  return `declare global {\n${lines.join('\n')}\n}\nexport {}\n`
}

function compilerOptions(shown: object = {}): ts.CompilerOptions {
  const base = ts.readConfigFile(`${root}tsconfig.base.json`, ts.sys.readFile).config.compilerOptions
  const { options } = ts.convertCompilerOptionsFromJson({ ...base, ...shown }, root)
  return {
    ...options,
    noEmit: true,
    allowImportingTsExtensions: true,
    // A reader who compiles decorators may compile parameters that are properties too.
    ...('experimentalDecorators' in shown && { erasableSyntaxOnly: false }),
    // A snippet may show how a value is got and leave it at that.
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: Object.fromEntries(Object.entries(ownModules()).map(([name, file]) => [name, [file]])),
  }
}

function withFiles(host: ts.CompilerHost, files: ReadonlyMap<string, string>): ts.CompilerHost {
  const folders = new Set([...files.keys()].map((file) => file.slice(0, file.lastIndexOf('/'))))
  return {
    ...host,
    fileExists: (file) => files.has(file) || host.fileExists(file),
    readFile: (file) => files.get(file) ?? host.readFile(file),
    directoryExists: (folder) => folders.has(folder) || (host.directoryExists?.(folder) ?? false),
    getSourceFile(file, version) {
      const text = files.get(file)
      return text === undefined ? host.getSourceFile(file, version) : ts.createSourceFile(file, text, version, true)
    },
  }
}
