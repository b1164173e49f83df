declare module 'cookie-signature' {
  const cookieSignature: { sign(value: string, secret: string): string }
  export default cookieSignature
}
