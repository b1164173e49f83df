-- Sessions of Sojourn in PostgreSQL 12 or later. Safe to run again. Times are milliseconds since the epoch.
CREATE TABLE IF NOT EXISTS "sojourn_sessions" (
  id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C",
  version integer NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint,
  head text NOT NULL,
  data jsonb
);
CREATE INDEX IF NOT EXISTS "sojourn_sessions_user_id" ON "sojourn_sessions" (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS "sojourn_sessions_expires_at" ON "sojourn_sessions" (expires_at);
