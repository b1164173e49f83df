type Constructor = abstract new (...args: never[]) => object

/** Lets a class be called on an object, as constructors before ES2015: `Store.call(this)`. Many stores inherit in this way. */
export function callable<Class extends Constructor>(target: Class): Class {
  return new Proxy(target, {
    apply: (_, self: object, args: never[]) => void Object.assign(self, Reflect.construct(target, args)),
  })
}
