/** The requirements of each standard that has a page in `docs/conformance`. A page must have a row for every one. */

/** @param {string} before @param {number} last */
const numbered = (before, last) => Array.from({ length: last }, (_, i) => `${before}${i + 1}`)

/** @param {string} before @param {number} count */
const lettered = (before, count) =>
  Array.from('abcdefghijklmnopqrstuvwxyz')
    .slice(0, count)
    .map((letter) => before + letter)

/**
 * @typedef {object} Standard
 * @property {string} page the file in `docs/conformance`, without its ending
 * @property {string} name
 * @property {readonly string[]} requirements in the order of the standard
 */

/** @type {readonly Standard[]} */
export const STANDARDS = [
  {
    page: 'asvs',
    name: 'OWASP ASVS 5.0.0',
    requirements: [
      ...numbered('3.3.', 5),
      ...numbered('3.5.', 8),
      ...numbered('4.4.', 4),
      ...numbered('7.1.', 3),
      ...numbered('7.2.', 4),
      ...numbered('7.3.', 2),
      ...numbered('7.4.', 5),
      ...numbered('7.5.', 3),
      ...numbered('7.6.', 2),
      ...numbered('9.1.', 3),
      ...numbered('9.2.', 4),
      ...numbered('10.1.', 2),
      ...numbered('10.2.', 3),
      ...numbered('10.3.', 5),
      ...numbered('10.4.', 16),
      ...numbered('10.5.', 5),
      ...numbered('10.6.', 2),
      ...numbered('10.7.', 3),
      '3.7.2',
      '11.2.4',
      '11.5.1',
      '14.2.1',
      '14.3.1',
      '14.3.2',
      '14.3.3',
      '16.2.5',
    ],
  },
  {
    page: 'wstg',
    name: 'OWASP WSTG 4.6',
    // The guide numbers its tests. The letters are ours: one for each thing that a test looks at.
    requirements: [
      ...lettered('SESS-01', 6),
      ...lettered('SESS-02', 7),
      ...lettered('SESS-03', 2),
      ...lettered('SESS-04', 3),
      ...lettered('SESS-05', 4),
      ...lettered('SESS-06', 5),
      ...lettered('SESS-07', 2),
      ...lettered('SESS-08', 2),
      'SESS-09a',
      ...lettered('SESS-10', 7),
      ...lettered('SESS-11', 5),
    ],
  },
  {
    page: 'session-cheat-sheet',
    name: 'OWASP Session Management Cheat Sheet',
    // The sheet numbers nothing. The letters count the demands of a section.
    requirements: [
      'Name Fingerprinting',
      ...lettered('Entropy ', 2),
      'Length',
      ...lettered('Content ', 4),
      ...lettered('Implementation ', 2),
      ...lettered('Built-in Implementations ', 2),
      'Used vs. Accepted Mechanisms',
      ...lettered('Transport Layer Security ', 4),
      'Secure Attribute',
      'HttpOnly Attribute',
      'SameSite Attribute',
      'Name Prefixes',
      ...lettered('Domain and Path ', 3),
      ...lettered('Expires and Max-Age ', 4),
      'Web Storage',
      'Web Workers',
      ...lettered('Strict Management ', 3),
      'Untrusted Input',
      ...lettered('Renew the ID ', 4),
      ...lettered('Reauthentication ', 2),
      ...lettered('Multiple Cookies ', 2),
      ...lettered('Expiration ', 3),
      ...lettered('Idle Timeout ', 2),
      'Absolute Timeout',
      'Renewal Timeout',
      'Logout Button',
      ...lettered('Caching ', 3),
      'Initial Login Timeout',
      'Window Close',
      'Cross-Tab Sessions',
      'Automatic Client Logout',
      ...lettered('Guessing Detection ', 2),
      'Anomaly Detection',
      'Property Binding',
      ...lettered('Logging ', 5),
      ...lettered('Simultaneous Logons ', 2),
      'WAF Protections',
    ],
  },
  {
    page: 'nist-800-63b',
    name: 'NIST SP 800-63B-4',
    // The lists of 5.1 and 5.1.1 have numbers, the paragraphs do not: their letters are ours, in the order of the text.
    requirements: [
      '2.1.3',
      '2.2.3',
      '2.3.3',
      ...lettered('5.1 ', 8),
      ...numbered('5.1 item ', 6),
      ...lettered('5.1 ', 13).slice(8),
      ...numbered('5.1.1 item ', 7),
      '5.1.2',
      '5.1.3',
      ...lettered('5.2 ', 7),
      '5.3',
    ],
  },
  { page: 'pci-dss', name: 'PCI DSS 4.0.1', requirements: ['8.2.8'] },
]
