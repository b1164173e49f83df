/** The frameworks of every list of snippets, in this order. */
export const FRAMEWORKS = ['Express', 'Fastify', 'Django', 'Rails', 'Laravel', 'Spring', 'ASP.NET', 'PHP'] as const

export type Framework = (typeof FRAMEWORKS)[number]

/** Code that fixes a failure, by check and framework. This table is longer than other files. */
export const SNIPPETS: Readonly<Record<string, Readonly<Record<Framework, string>>>> = {
  fixation: {
    Express:
      "req.session.regenerate((error) => {\n  if (error) return next(error)\n  req.session.userId = user.id\n  req.session.save(() => res.redirect('/'))\n})",
    Fastify: "await request.session.regenerate()\nrequest.session.set('userId', user.id)  // @fastify/session",
    Django: 'django.contrib.auth.login(request, user)  # cycles the key; by hand: request.session.cycle_key()',
    Rails: 'reset_session\nsession[:user_id] = user.id',
    Laravel: '$request->session()->regenerate();',
    Spring: 'http.sessionManagement(s -> s.sessionFixation(f -> f.changeSessionId()))',
    'ASP.NET':
      'await HttpContext.SignInAsync(principal);  // who is logged in belongs into this cookie, not into HttpContext.Session',
    PHP: 'session_regenerate_id(true);\n// php.ini: session.use_strict_mode = 1',
  },
  'logout-ends-session': {
    Express: "req.session.destroy(() => res.clearCookie('connect.sid').redirect('/'))",
    Fastify: 'await request.session.destroy()',
    Django:
      "django.contrib.auth.logout(request)\n# settings: SESSION_ENGINE = 'django.contrib.sessions.backends.db', not signed_cookies",
    Rails: 'reset_session  # with sessions on the server: activerecord-session_store or :cache_store',
    Laravel: 'Auth::logout();\n$request->session()->invalidate();\n$request->session()->regenerateToken();',
    Spring: 'http.logout(l -> l.invalidateHttpSession(true).deleteCookies("JSESSIONID"))',
    'ASP.NET':
      'options.SessionStore = ticketStore;  // an ITicketStore: tickets stay on the server, and sign-out removes them',
    PHP: "$_SESSION = [];\nsession_destroy();\nsetcookie(session_name(), '', ['expires' => 1, 'path' => '/']);",
  },
  'cookie-attributes': {
    Express: "session({ name: '__Host-sid', cookie: { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } })",
    Fastify:
      "app.register(fastifySession, {\n  secret,\n  cookieName: '__Host-sid',\n  cookie: { path: '/', secure: true, httpOnly: true, sameSite: 'lax' },\n})",
    Django:
      "SESSION_COOKIE_NAME = '__Host-sessionid'\nSESSION_COOKIE_SECURE = True\nSESSION_COOKIE_HTTPONLY = True\nSESSION_COOKIE_SAMESITE = 'Lax'",
    Rails:
      "config.session_store :cookie_store, key: '__Host-session', path: '/', secure: true, httponly: true, same_site: :lax",
    Laravel: 'SESSION_COOKIE=__Host-session\nSESSION_SECURE_COOKIE=true\nSESSION_HTTP_ONLY=true\nSESSION_SAME_SITE=lax',
    Spring:
      'server.servlet.session.cookie.name=__Host-session\nserver.servlet.session.cookie.path=/\nserver.servlet.session.cookie.secure=true\nserver.servlet.session.cookie.http-only=true\nserver.servlet.session.cookie.same-site=lax',
    'ASP.NET':
      'options.Cookie.Name = "__Host-session";\noptions.Cookie.Path = "/";\noptions.Cookie.SecurePolicy = CookieSecurePolicy.Always;\noptions.Cookie.HttpOnly = true;\noptions.Cookie.SameSite = SameSiteMode.Lax;',
    PHP: "session_name('__Host-sid');\nsession_set_cookie_params(['path' => '/', 'secure' => true, 'httponly' => true, 'samesite' => 'Lax']);",
  },
  'cache-headers': {
    Express: "app.use((req, res, next) => { res.set('Cache-Control', 'no-store'); next() })",
    Fastify: "app.addHook('onSend', async (request, reply) => { reply.header('cache-control', 'no-store') })",
    Django: 'from django.views.decorators.cache import never_cache\n\n@never_cache\ndef account(request): ...',
    Rails: "response.headers['Cache-Control'] = 'no-store'",
    Laravel: "return response()->view('account')->header('Cache-Control', 'no-store');",
    Spring: 'http.headers(h -> h.cacheControl(Customizer.withDefaults()))  // the default: do not disable it',
    'ASP.NET': '[ResponseCache(NoStore = true, Location = ResponseCacheLocation.None)]',
    PHP: "session_cache_limiter('nocache');  // the default: sends no-store once session_start() is called",
  },
  'cross-site-requests': {
    Express:
      "app.use((req, res, next) => {\n  const site = req.get('sec-fetch-site') ?? ''\n  const safe = ['GET', 'HEAD', 'OPTIONS'].includes(req.method)\n  if (safe || ['same-origin', 'none'].includes(site)) return next()\n  res.sendStatus(403)\n})",
    Fastify: 'app.register(fastifyCsrfProtection)\napp.post(url, { onRequest: app.csrfProtection }, handler)',
    Django: "MIDDLEWARE = [..., 'django.middleware.csrf.CsrfViewMiddleware']  # the default: no @csrf_exempt",
    Rails: 'protect_from_forgery with: :exception',
    Laravel: '<form method="POST">@csrf ...</form>  {{-- and no exceptions for the route in the CSRF middleware --}}',
    Spring: 'http.csrf(Customizer.withDefaults())  // the default: do not disable it',
    'ASP.NET':
      'builder.Services.AddControllersWithViews(o => o.Filters.Add(new AutoValidateAntiforgeryTokenAttribute()));',
    PHP: "if (!hash_equals($_SESSION['csrf'] ?? '', $_POST['csrf'] ?? '') || !isset($_SESSION['csrf'])) {\n  http_response_code(403);\n  exit;\n}",
  },
  'password-change': {
    Express:
      'for (const sid of await sessionIdsOf(user.id)) if (sid !== req.sessionID) store.destroy(sid)  // keep an index by user',
    Fastify:
      'for (const sid of await sessionIdsOf(user.id)) if (sid !== request.session.sessionId) store.destroy(sid, () => {})  // keep an index by user',
    Django: 'update_session_auth_hash(request, user)  # other sessions end by the hash of the password',
    Rails: 'user.sessions.where.not(id: current_session.id).destroy_all\nreset_session',
    Laravel: 'Auth::logoutOtherDevices($password);  // with the auth.session middleware',
    Spring: 'sessionRegistry.getAllSessions(principal, false).forEach(SessionInformation::expireNow)',
    'ASP.NET': 'await userManager.UpdateSecurityStampAsync(user);\nawait signInManager.RefreshSignInAsync(user);',
    PHP: "$db->prepare('UPDATE users SET epoch = epoch + 1 WHERE id = ?')->execute([$id]);\n// and end each session whose $_SESSION['epoch'] is another",
  },
  'logout-everywhere': {
    Express: 'for (const sid of await sessionIdsOf(user.id)) store.destroy(sid)  // keep an index by user',
    Fastify: 'for (const sid of await sessionIdsOf(user.id)) store.destroy(sid, () => {})  // keep an index by user',
    Django:
      "for session in Session.objects.all():\n    if session.get_decoded().get('_auth_user_id') == str(user.pk):\n        session.delete()",
    Rails: 'user.sessions.destroy_all',
    Laravel: "DB::table('sessions')->where('user_id', $user->id)->delete();  // SESSION_DRIVER=database",
    Spring: 'sessionRegistry.getAllSessions(principal, false).forEach(SessionInformation::expireNow)',
    'ASP.NET':
      'await userManager.UpdateSecurityStampAsync(user);  // and SecurityStampValidatorOptions.ValidationInterval = TimeSpan.Zero',
    PHP: "$db->prepare('UPDATE users SET epoch = epoch + 1 WHERE id = ?')->execute([$id]);\n// and end each session whose $_SESSION['epoch'] is another",
  },
  timeouts: {
    Express:
      'session({ rolling: true, cookie: { maxAge: 30 * 60_000 } })\n// the absolute limit: keep createdAt in the session, and destroy it when it is too old',
    Fastify:
      'app.register(fastifySession, { secret, rolling: true, cookie: { maxAge: 30 * 60_000 } })\n// the absolute limit: keep createdAt in the session',
    Django: 'SESSION_COOKIE_AGE = 1800\nSESSION_SAVE_EVERY_REQUEST = True',
    Rails: "config.session_store :cache_store, key: '__Host-session', expire_after: 30.minutes",
    Laravel: 'SESSION_LIFETIME=30',
    Spring: 'server.servlet.session.timeout=30m',
    'ASP.NET': 'options.ExpireTimeSpan = TimeSpan.FromMinutes(30);\noptions.SlidingExpiration = true;',
    PHP: "if (time() - ($_SESSION['seen'] ?? 0) > 1800) { session_unset(); session_regenerate_id(true); }\n$_SESSION['seen'] = time();",
  },
  transport: {
    Express: 'app.use(helmet.hsts({ maxAge: 31536000, includeSubDomains: true }))',
    Fastify: 'app.register(fastifyHelmet, { hsts: { maxAge: 31536000, includeSubDomains: true } })',
    Django: 'SECURE_SSL_REDIRECT = True\nSECURE_HSTS_SECONDS = 31536000\nSECURE_HSTS_INCLUDE_SUBDOMAINS = True',
    Rails: 'config.force_ssl = true',
    Laravel: "return $next($request)->header('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');",
    Spring:
      'http.headers(h -> h.httpStrictTransportSecurity(t -> t.maxAgeInSeconds(31536000).includeSubDomains(true)))',
    'ASP.NET': 'app.UseHsts();\napp.UseHttpsRedirection();',
    PHP: "header('Strict-Transport-Security: max-age=31536000; includeSubDomains');",
  },
  'clear-site-data': {
    Express: `res.set('Clear-Site-Data', '"cache", "cookies", "storage"')`,
    Fastify: `reply.header('clear-site-data', '"cache", "cookies", "storage"')`,
    Django: `response['Clear-Site-Data'] = '"cache", "cookies", "storage"'`,
    Rails: `response.headers['Clear-Site-Data'] = '"cache", "cookies", "storage"'`,
    Laravel: `return redirect('/')->header('Clear-Site-Data', '"cache", "cookies", "storage"');`,
    Spring:
      'http.logout(l -> l.addLogoutHandler(new HeaderWriterLogoutHandler(\n  new ClearSiteDataHeaderWriter(Directive.CACHE, Directive.COOKIES, Directive.STORAGE))))',
    'ASP.NET': 'Response.Headers["Clear-Site-Data"] = "\\"cache\\", \\"cookies\\", \\"storage\\"";',
    PHP: `header('Clear-Site-Data: "cache", "cookies", "storage"');`,
  },
  'jwt-attacks': {
    Express: "jwt.verify(token, key, { algorithms: ['HS256'], issuer, audience })",
    Fastify: "app.register(fastifyJwt, { secret, verify: { algorithms: ['HS256'] } })",
    Django: "jwt.decode(token, key, algorithms=['HS256'], audience=audience)  # PyJWT",
    Rails: "JWT.decode(token, key, true, algorithms: ['HS256'])",
    Laravel: "JWT::decode($token, new Key($key, 'HS256'));  // firebase/php-jwt",
    Spring: 'NimbusJwtDecoder.withJwkSetUri(uri).jwsAlgorithm(SignatureAlgorithm.RS256).build()',
    'ASP.NET':
      'new TokenValidationParameters { ValidAlgorithms = ["RS256"], ValidIssuer = issuer, ValidAudience = audience, IssuerSigningKey = key }',
    PHP: "JWT::decode($token, new Key($key, 'HS256'));  // firebase/php-jwt",
  },
  exposure: {
    Express: 'const { sid, ...query } = req.query  // and never read a credential from it',
    Fastify: 'app.register(fastifyCookie)  // and read the credential only from request.cookies',
    Django:
      '# The default takes sessions only from the cookie. Leave session keys out of templates and of DEBUG pages: DEBUG = False',
    Rails: 'config.session_store :cookie_store, cookie_only: true  # the default',
    Laravel: 'APP_DEBUG=false  // and leave session()->getId() out of views and links',
    Spring: 'server.servlet.session.tracking-modes=cookie',
    'ASP.NET': '<sessionState cookieless="UseCookies" />  <!-- ASP.NET 4; ASP.NET Core knows cookies only -->',
    PHP: 'session.use_only_cookies = 1\nsession.use_trans_sid = 0',
  },
  'token-strength': {
    Express:
      "session({ secret: process.env.SESSION_SECRET })  // no genid of your own; elsewhere: crypto.randomBytes(32).toString('base64url')",
    Fastify:
      "app.register(fastifySession, { secret })  // no idGenerator of your own; elsewhere: randomBytes(32).toString('base64url')",
    Django: 'secrets.token_urlsafe(32)  # its own session keys are fine',
    Rails: 'SecureRandom.urlsafe_base64(32)  # its own session ids are fine',
    Laravel: 'Str::random(40)  // its own session ids are fine',
    Spring: 'byte[] id = new byte[32];\nnew SecureRandom().nextBytes(id);  // or leave it to the servlet container',
    'ASP.NET': 'RandomNumberGenerator.GetHexString(64)',
    PHP: 'bin2hex(random_bytes(32));  // sessions: leave it to session_start()',
  },
  'token-contents': {
    Express: 'app.use(session({ secret: process.env.SESSION_SECRET }))  // made by: openssl rand -base64 32',
    Fastify: "app.register(fastifySecureSession, { key: Buffer.from(process.env.SESSION_KEY, 'hex') })",
    Django: "SECRET_KEY = os.environ['DJANGO_SECRET_KEY']\nSESSION_ENGINE = 'django.contrib.sessions.backends.db'",
    Rails: 'bin/rails credentials:edit  # secret_key_base; and sessions on the server: activerecord-session_store',
    Laravel: 'php artisan key:generate',
    Spring: 'spring.session.store-type=jdbc  # or redis: only an id goes to the client',
    'ASP.NET':
      'builder.Services.AddDataProtection().PersistKeysToFileSystem(folder).ProtectKeysWithCertificate(certificate);',
    PHP: "session_start();\n$_SESSION['user'] = $id;  // and nothing in cookies of your own",
  },
}
