/** Content that an audited application might send to attack the person who opens the report. */
export const ATTACKS: readonly string[] = [
  '<script>globalThis.pwned = 1</script>',
  '"><img src=x onerror="globalThis.pwned = 1">',
  "' onmouseover='globalThis.pwned = 1' x='",
  '</pre></style></title></svg><svg onload="globalThis.pwned = 1">',
  '`${globalThis.pwned = 1}`',
  '<iframe srcdoc="<script>parent.pwned = 1</script>">',
  '<a href="javascript:globalThis.pwned = 1">x</a><base href="//evil.example/">',
  '<meta http-equiv="refresh" content="0;url=http://evil.example/">',
  ']]><x xmlns="a">&lt;&amp;&#x3c;script&#x3e;',
  '\0\x1b[31m\u202egnp.exe\u2066\ud800\ufffe',
  '<link rel="stylesheet" href="http://evil.example/x.css"><style>@import "http://evil.example/y.css"</style>',
]
