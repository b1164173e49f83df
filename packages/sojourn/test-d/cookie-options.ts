/** Cookies that browsers would drop do not compile; nor does a weaker one without saying so. */
import { cookieCarrier, createSessions } from 'sojourn'

cookieCarrier()
cookieCarrier({})
cookieCarrier({ name: '__Host-id', path: '/', sameSite: 'strict', partitioned: true })
cookieCarrier({ name: '__Host-Http-id' })
cookieCarrier({ name: '__Secure-id', path: '/cart', domain: 'shop.example' })
cookieCarrier({ name: '__Http-id', domain: 'shop.example' })
cookieCarrier({ domain: 'shop.example' })
cookieCarrier({ name: 'sid', insecureNoPrefix: true, domain: 'shop.example' })
cookieCarrier({ name: 'sid', insecureOverHttp: true })
createSessions({ cookie: { domain: 'shop.example' } })

// @ts-expect-error a __Host- name takes no domain
cookieCarrier({ name: '__Host-id', domain: 'shop.example' })
// @ts-expect-error a __Host- name takes no path but the root
cookieCarrier({ name: '__Host-id', path: '/cart' })
// @ts-expect-error a name without a prefix is one that others can plant
cookieCarrier({ name: 'sid' })
// @ts-expect-error the prefix goes by case
cookieCarrier({ name: '__host-id' })
// @ts-expect-error SameSite=None needs Secure
cookieCarrier({ insecureOverHttp: true, sameSite: 'none' })
// @ts-expect-error Partitioned needs Secure
cookieCarrier({ insecureOverHttp: true, partitioned: true })
// @ts-expect-error there is no such value
cookieCarrier({ sameSite: 'Lax' })
// @ts-expect-error no script may read a token
cookieCarrier({ httpOnly: false })
// @ts-expect-error the same through createSessions
createSessions({ cookie: { name: '__Host-id', domain: 'shop.example' } })
