-- What sqliteStore keeps sessions in: SQLite 3.38 or later, libSQL, Cloudflare D1. The same as store.setup() makes.
CREATE TABLE IF NOT EXISTS "sojourn_sessions" (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER,
  head TEXT NOT NULL,
  data TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS sojourn_sessions_user_id ON "sojourn_sessions" (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS sojourn_sessions_expires_at ON "sojourn_sessions" (expires_at);
