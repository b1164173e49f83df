-- Sessions of Sojourn in MariaDB 10.6 or later, MySQL 8.0 or later. Safe to run again. Times are milliseconds since the epoch.
CREATE TABLE IF NOT EXISTS `sojourn_sessions` (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin,
  version INT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  head MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data JSON,
  INDEX `sojourn_sessions_user_id` (user_id),
  INDEX `sojourn_sessions_expires_at` (expires_at)
) ENGINE = InnoDB;
