/** The verdicts of a row, in the order of the tables. */

/**
 * @typedef {object} Verdict
 * @property {string} word
 * @property {boolean} needsTest whether a row with it names a test
 * @property {boolean} needsPart whether a row with it says what remains for the application or the operator
 */

/** @type {readonly Verdict[]} */
export const VERDICTS = [
  { word: 'met', needsTest: true, needsPart: false },
  { word: 'if used', needsTest: true, needsPart: true },
  { word: 'in part', needsTest: true, needsPart: true },
  { word: 'application', needsTest: false, needsPart: true },
  { word: 'operator', needsTest: false, needsPart: true },
  { word: 'not yet', needsTest: false, needsPart: true },
  { word: 'not met', needsTest: false, needsPart: true },
  { word: 'does not apply', needsTest: false, needsPart: false },
]
