/** What a way out is called. */
export const LOGOUT_WORDS: RegExp =
  /log[ _-]?(out|off)|sign[ _-]?(out|off)|abmelden|d[ée]connexion|cerrar sesi[oó]n|esci\b|uitloggen/i

/** Logged out, or worse, by a mere look. */
export const LEAVE_ALONE: RegExp =
  /delete|remove|destroy|unsubscribe|download|restart|shut-?down|reboot|revoke|purge|clear|kill|stop/i
