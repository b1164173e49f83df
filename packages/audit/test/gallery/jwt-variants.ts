import { createHmac, createPublicKey, createVerify, type JsonWebKey } from 'node:crypto'
import { type BearerSwitches, bearerApp, RSA_PUBLIC_KEY } from '../support/bearer-app.ts'
import { CAREFUL_BEARER } from './careful.ts'
import { bearerRecipe } from './recipes.ts'
import { sends, twisted } from './twists.ts'
import { changed, ofChecks, type Variant } from './variant.ts'

type Accepts = NonNullable<BearerSwitches['accepts']>

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64url')
const only = ['jwt-attacks']

function variant(name: string, switches: BearerSwitches, says: RegExp | null): Variant {
  const about = 'jwt-attacks/forged tokens'
  const verdict = says === null ? 'pass' : 'fail'
  return {
    name: `JWT: ${name}`,
    app: () => twisted(bearerApp(switches), sends({ 'cache-control': 'no-store' })),
    recipe: bearerRecipe,
    only,
    truth: changed(ofChecks(CAREFUL_BEARER, only), { [about]: verdict }),
    ...(says && { says: { [about]: says } }),
  }
}

/** Each attack where it alone works: what finds one must not hang on what finds another. */
const alone = (name: string, alg: 'HS256' | 'RS256' | 'ES256', accepts: Accepts, says: RegExp) =>
  variant(`only ${name}`, { alg, accepts }, says)

const named =
  (alg: string): Accepts =>
  (header, _, signature) =>
    header.alg === alg && signature === ''
const byPublicKey =
  (pem: string): Accepts =>
  (header, signed, signature) =>
    header.alg === 'HS256' && signature === hmac(pem, signed)
const spki = RSA_PUBLIC_KEY.export({ type: 'spki', format: 'pem' }).toString()

export const jwtVariants: readonly Variant[] = [
  ...['none', 'None', 'NONE', 'nOnE'].map((alg) =>
    alone(`alg ${alg}`, 'HS256', named(alg), new RegExp(`^Tokens are accepted with the algorithm "${alg}" [^;]*$`)),
  ),
  alone('no signature', 'HS256', named('HS256'), /its own algorithm and no signature/),
  alone(
    'a key in the header',
    'RS256',
    ({ jwk }, signed, signature) =>
      typeof jwk === 'object' &&
      createVerify('sha256')
        .update(signed)
        .verify(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), signature, 'base64url'),
    /\(jwk\)\.$/,
  ),
  alone(
    'a key id that leads to an empty file',
    'HS256',
    ({ kid }, signed, signature) => String(kid).endsWith('/dev/null') && signature === hmac('', signed),
    /dev\/null/,
  ),
  alone(
    'a key id that leads to a byte of zero',
    'HS256',
    ({ kid }, signed, signature) => String(kid).endsWith('/dev/null') && signature === hmac('\0', signed),
    /dev\/null/,
  ),
  alone(
    'a key id in a query',
    'HS256',
    ({ kid }, signed, signature) => {
      const [, key] = /' UNION SELECT '(.*)$/.exec(String(kid)) ?? []
      return key !== undefined && signature === hmac(key, signed)
    },
    /UNION SELECT/,
  ),
  alone('the public key as secret', 'RS256', byPublicKey(spki), /HS256 with the public key/),
  alone(
    'the public key without its last line break',
    'RS256',
    byPublicKey(spki.trimEnd()),
    /HS256 with the public key/,
  ),
  alone(
    'the public key in its older form',
    'RS256',
    byPublicKey(RSA_PUBLIC_KEY.export({ type: 'pkcs1', format: 'pem' }).toString()),
    /HS256 with the public key/,
  ),
  alone('a signature of zeros', 'ES256', (_, __, signature) => /^A{80,}/.test(signature), /a signature of zeros\.$/),
  alone('a signature of zeros in DER', 'ES256', (_, __, signature) => signature === 'MAYCAQACAQA', /in DER\.$/),
  variant('look-alike: ES256', { alg: 'ES256' }, null),
  variant(
    'look-alike: a key id that is a path, and the right key',
    { accepts: ({ kid }) => typeof kid === 'string' && kid === 'the one there is' },
    null,
  ),
]
