import { bearerVariants } from './bearer-variants.ts'
import { cookieVariants } from './cookie-variants.ts'
import { harderVariants } from './harder-variants.ts'
import { phpManners } from './php-manners.ts'
import { rotationVariants } from './rotation-variants.ts'
import { tokenVariants } from './token-variants.ts'
import type { Variant } from './variant.ts'

/** Every application of the gallery, and what is true of it. Worked out by hand: it is never fitted to what the audit says. */
export const gallery: readonly Variant[] = [
  ...cookieVariants,
  ...tokenVariants,
  ...harderVariants,
  ...bearerVariants,
  ...phpManners,
  ...rotationVariants,
]
