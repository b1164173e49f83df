import { type Html, html } from './html.ts'

export const style: Html = html`
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbfaf8, #17181a);
  --ink: light-dark(#1d1f22, #ececea);
  --quiet: light-dark(#62666d, #a2a6ad);
  --line: light-dark(#dcdad5, #383b40);
  --accent: light-dark(#0b5fb0, #7db8f2);
  --on-accent: light-dark(#ffffff, #10202f);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
header { border-bottom: 1px solid var(--line); }
nav, main { max-width: 36rem; margin: 0 auto; padding: 0.5rem 1.25rem; }
nav.row { gap: 1.5rem; }
nav a { line-height: 2.75rem; }
nav > :last-child { margin-left: auto; }
main { padding-block: 2rem 4rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.6rem; line-height: 1.25; }
a { color: var(--accent); text-underline-offset: 0.2em; }
ul { margin: 1.5rem 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
li { padding: 0.75rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
form { margin: 0; }
label { display: block; margin: 1rem 0; }
input { width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--quiet); border-radius: 0.4rem; }
button { min-height: 2.75rem; padding: 0.5rem 1.1rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 0.4rem; cursor: pointer; }
button.plain { min-height: 2.75rem; padding: 0; color: var(--accent); background: none; font-weight: 400; text-decoration: underline; text-underline-offset: 0.2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.row { display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; }
.row > small { white-space: nowrap; }
.quiet, small { color: var(--quiet); }
.message { margin: 0 0 1.5rem; padding: 0.75rem 1rem; border-left: 0.25rem solid var(--accent); background: color-mix(in srgb, var(--accent) 10%, transparent); }
`
