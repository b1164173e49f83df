import { existsSync } from 'node:fs'
import { canInstall, installPackages } from './debian.mjs'
import { giveUp } from './run.mjs'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/**
 * Finds Chromium for the browser tests: `CHROMIUM_PATH` if it is set, else the usual places.
 * @returns {string | null}
 */
export function findChromium() {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen !== undefined) return existsSync(chosen) ? chosen : null
  return PLACES.find((place) => existsSync(place)) ?? null
}

function advice() {
  if (process.env.CHROMIUM_PATH !== undefined) return 'CHROMIUM_PATH names a file that does not exist.'
  if (process.platform === 'darwin') return 'Install it with: brew install --cask chromium (or install Google Chrome)'
  if (process.platform === 'win32') return 'Install Google Chrome, with: winget install Google.Chrome'
  return 'Install it with: sudo apt-get install chromium (Debian), or your own system’s package of Chromium or Chrome'
}

/** Finds a Chromium; on Debian as root it installs one; elsewhere it says how to get it and ends the process. */
export function ensureChromium() {
  if (findChromium() !== null) return
  if (canInstall() && process.env.CHROMIUM_PATH === undefined) {
    console.log('Installing Chromium for the browser tests (apt-get install chromium) ...')
    if (installPackages(['chromium', 'fonts-liberation']) && findChromium() !== null) return
  }
  giveUp(
    `The browser tests need Chromium, and none was found.\n${advice()}\nOr set CHROMIUM_PATH to the program’s full path.`,
  )
}
