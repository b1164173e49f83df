import { bearerVariants } from './bearer-variants.ts'
import { cookieVariants } from './cookie-variants.ts'
import { forgeryVariants } from './forgery-variants.ts'
import { harderVariants } from './harder-variants.ts'
import { jwtVariants } from './jwt-variants.ts'
import { limitVariants } from './limit-variants.ts'
import { otherManners } from './other-manners.ts'
import { phpManners } from './php-manners.ts'
import { rareVariants } from './rare-variants.ts'
import { renewingVariants } from './renewing-variants.ts'
import { rotationVariants } from './rotation-variants.ts'
import { secondLoginVariants } from './second-login-variants.ts'
import { strictVariants } from './strict-variants.ts'
import { styleVariants } from './style-variants.ts'
import { timeoutVariants } from './timeout-variants.ts'
import { tokenVariants } from './token-variants.ts'
import { twoUserVariants } from './two-user-variants.ts'
import type { Variant } from './variant.ts'

/** Every application of the gallery, and what is true of it. Worked out by hand: it is never fitted to what the audit says. */
export const gallery: readonly Variant[] = [
  ...cookieVariants,
  ...tokenVariants,
  ...harderVariants,
  ...bearerVariants,
  ...jwtVariants,
  ...rareVariants,
  ...styleVariants,
  ...timeoutVariants,
  ...twoUserVariants,
  ...phpManners,
  ...otherManners,
  ...rotationVariants,
  ...limitVariants,
  ...secondLoginVariants,
  ...forgeryVariants,
  ...strictVariants,
  ...renewingVariants,
]
