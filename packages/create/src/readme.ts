import { FRAMEWORKS, LANGUAGES, type Project, STORES } from './catalogue.ts'
import { runsSources } from './manifest.ts'
import { commandFor, type PackageManager } from './package-manager.ts'

/** @param node the version of Node that the application is made for */
export function readmeOf(project: Project, { manager, node }: { manager: PackageManager; node: string }): string {
  const { name, framework, store, language } = project
  const { note, page, title } = STORES[store]
  const dev = `\n${manager} run dev   # the same, and starts again after each change`
  return `# ${name}

An application with sessions by Sojourn: ${FRAMEWORKS[framework].title}, ${title}, ${LANGUAGES[language].title}.

\`\`\`sh
${commandFor(manager, 'install')}
${commandFor(manager, 'start')}     # http://localhost:3000${runsSources(language, node) ? dev : ''}
${commandFor(manager, 'test')}      # logs in and out over HTTP
\`\`\`

The name and the password of the first user are in \`.env\`. ${note}

| file | content |
|---|---|
| \`src/server.${language}\` | the routes |
| \`src/sessions.${language}\` | the sessions, and the schema of their data |
| \`src/store.${language}\` | where sessions are kept |
| \`src/users.${language}\` | the users: replace this file with your user table |
| \`src/pages.${language}\`, \`html.${language}\`, \`style.${language}\` | the pages |
| \`src/main.${language}\` | the start and the shutdown of the server |
| \`src/app.test.${language}\` | the test |
| \`.env\` | your settings; \`.env.example\` describes them, and belongs in version control |

Requests from other sites are refused, so the forms need no hidden token. Use \`POST\` for everything that changes
something.

## What to do next

The pages below are in \`node_modules/sojourn\`.

- Replace \`src/users.${language}\`, and limit how often a password can be tried.
- Before production, set \`NODE_ENV=production\` and serve HTTPS: \`docs/how-to/run-behind-a-proxy.md\`.
- Send the security headers that fit your pages, such as \`Content-Security-Policy\`.
- Choose how long a login lasts: \`docs/how-to/set-timeouts.md\`.
- Read about the store: \`${page}\`.
- Let the auditor test your login: \`npx @sojourn/audit http://localhost:3000 --user ada\`.
`
}
