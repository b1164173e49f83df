import { expect, test } from 'vitest'
import { withoutBoundParts } from '../src/discover/addresses.ts'

test.each([
  ['/?_task=mail&_token=svhUki6cZUaMdh4jxop2RLt9QxopmYp7', '/?_task=mail'],
  ['/app/page;jsessionid=7E017D6EFC129DB08379779934288F79?view=all', '/app/page?view=all'],
  ['/home?sid=3eivvi5tp2t50jqkh5vt2c1r9g', '/home'],
  // Good for everybody.
  ['/index.php?title=Special:UserLogin&returnto=Main+Page', '/index.php?title=Special:UserLogin&returnto=Main+Page'],
  ['/index.php?route=/database/structure&db=information_schema', null],
  ['/account/settings-of-notifications?tab=notification-settings', null],
  ['/wp-admin/edit.php?post_type=wp_navigation', null],
  ['/report?from=2026-11-25&to=2026-12-24', null],
])('what is good for one session alone is left out of %s', (address, expected) => {
  expect(withoutBoundParts(address)).toBe(expected ?? address)
})
